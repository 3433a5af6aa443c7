/**
 * The two scripts of a window: in the page's world the functions that the preload exposed, in the
 * isolated one the preload itself with its `electron`. They speak by synchronous events of the document.
 */

export const WORLD = 'coffer-preload';

/** In a page; all that is used of it. */
declare const document: EventTarget;

/** Makes what is exposed: functions are numbers on the other side. */
export function mainWorld(): string {
  return `(${inPage.toString()})();`;
}

/** The bundled preload in the isolated world. */
export function preloadWorld(bundle: string): string {
  return `(${inPreload.toString()})((require, module, exports) => {${bundle}\n});`;
}

/** Runs in the page. */
function inPage(): void {
  const listeners = new Map<number, (...values: unknown[]) => void>();
  const waiting = new Map<number, { resolve: (v: unknown) => void; reject: (e: Error) => void }>();
  let last = 0;
  const say = (kind: string, value: unknown): void => {
    document.dispatchEvent(new CustomEvent(kind, { detail: JSON.stringify(value) }));
  };
  const hear = (kind: string, listener: (value: never) => void): void => {
    document.addEventListener(kind, (event) => {
      listener(JSON.parse((event as CustomEvent<string>).detail) as never);
    });
  };
  const asNumber = (value: unknown): unknown => {
    if (typeof value !== 'function') return { plain: value };
    const id = ++last;
    listeners.set(id, value as () => void);
    return { function: id };
  };
  const made = (value: { plain?: unknown; function?: number }): unknown => {
    if (value.function === undefined) return value.plain;
    const target = value.function;
    return () => say('double-run', { target, values: [] });
  };
  hear('double-expose', ({ key, names }: { key: string; names: string[] }) => {
    const exposed: Record<string, unknown> = {};
    for (const name of names) {
      exposed[name] = (...values: unknown[]): unknown => {
        const id = ++last;
        const settled = Promise.withResolvers<unknown>();
        waiting.set(id, settled);
        let now: unknown = settled.promise;
        const returned = (event: Event): void => {
          const {
            id: of,
            value,
            isLater,
          } = JSON.parse((event as CustomEvent<string>).detail) as {
            id: number;
            value: { plain?: unknown; function?: number };
            isLater: boolean;
          };
          if (of === id && !isLater) now = made(value);
        };
        document.addEventListener('double-returned', returned);
        say('double-call', { id, key, name, values: values.map(asNumber) });
        document.removeEventListener('double-returned', returned);
        return now;
      };
    }
    Object.defineProperty(globalThis, key, { value: Object.freeze(exposed) });
  });
  hear('double-settled', ({ id, value, error }: { id: number; value?: never; error?: string }) => {
    if (error === undefined) waiting.get(id)?.resolve(made(value ?? {}));
    else waiting.get(id)?.reject(new Error(error));
    waiting.delete(id);
  });
  hear('double-listener', ({ target, values }: { target: number; values: unknown[] }) => {
    listeners.get(target)?.(...values);
  });
}

/** Runs in the isolated world. */
function inPreload(bundle: (require: unknown, module: unknown, exports: unknown) => void): void {
  const scope = globalThis as unknown as { doubleSend: (text: string) => void; double: unknown };
  const send = scope.doubleSend;
  const invoked = new Map<number, { resolve: (v: unknown) => void; reject: (e: Error) => void }>();
  const heard = new Map<string, Set<(...values: unknown[]) => void>>();
  const returned = new Map<number, (...values: unknown[]) => unknown>();
  let last = 0;
  const say = (kind: string, value: unknown): void => {
    document.dispatchEvent(new CustomEvent(kind, { detail: JSON.stringify(value) }));
  };
  const asNumber = (value: unknown): unknown => {
    if (typeof value !== 'function') return { plain: value };
    const id = ++last;
    returned.set(id, value as () => unknown);
    return { function: id };
  };
  scope.double = {
    resolve: (id: number, { value }: { value?: unknown }) => invoked.get(id)?.resolve(value),
    reject: (id: number, text: string) =>
      invoked.get(id)?.reject(new Error(`Error invoking remote method: ${text}`)),
    hear: (channel: string, values: unknown[]) => {
      for (const listener of heard.get(channel) ?? []) listener({}, ...values);
    },
  };
  const ipcRenderer = {
    invoke: (channel: string, ...values: unknown[]) => {
      const id = ++last;
      const waiting = Promise.withResolvers<unknown>();
      invoked.set(id, waiting);
      send(JSON.stringify({ kind: 'invoke', id, channel, values }));
      return waiting.promise;
    },
    send: (channel: string, ...values: unknown[]) => {
      send(JSON.stringify({ kind: 'send', channel, values }));
    },
    on: (channel: string, listener: (...values: unknown[]) => void) => {
      const listeners = heard.get(channel) ?? new Set();
      heard.set(channel, listeners.add(listener));
    },
    off: (channel: string, listener: (...values: unknown[]) => void) => {
      heard.get(channel)?.delete(listener);
    },
  };
  const contextBridge = {
    exposeInMainWorld: (key: string, api: Record<string, (...values: unknown[]) => unknown>) => {
      document.addEventListener('double-call', (event) => {
        const call = JSON.parse((event as CustomEvent<string>).detail) as {
          id: number;
          key: string;
          name: string;
          values: { plain?: unknown; function?: number }[];
        };
        if (call.key !== key) return;
        const values = call.values.map((value) =>
          value.function === undefined
            ? value.plain
            : (...given: unknown[]) =>
                say('double-listener', { target: value.function, values: given }),
        );
        const result = api[call.name]?.(...values);
        const isLater = result instanceof Promise;
        say('double-returned', { id: call.id, value: isLater ? {} : asNumber(result), isLater });
        if (!isLater) return;
        result.then(
          (value: unknown) => say('double-settled', { id: call.id, value: asNumber(value) }),
          (error: unknown) => say('double-settled', { id: call.id, error: String(error) }),
        );
      });
      document.addEventListener('double-run', (event) => {
        const { target, values } = JSON.parse((event as CustomEvent<string>).detail) as {
          target: number;
          values: unknown[];
        };
        returned.get(target)?.(...values);
      });
      say('double-expose', { key, names: Object.keys(api) });
    },
  };
  const required = (name: string): unknown => {
    if (name === 'electron') return { contextBridge, ipcRenderer };
    throw new Error(`a sandboxed preload cannot require ${name}`);
  };
  bundle(required, { exports: {} }, {});
}
