/** A third device of the account without a folder: it changes the drive directly and looks at it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Drive, NodeView } from '@coffer/sdk';
import type { SimDevice } from '../simulation/device.ts';
import type { DeviceWorld } from './scenario-device.ts';
import { text } from './tree.ts';

export class ThirdParty {
  readonly #sim: SimDevice;
  readonly #world: DeviceWorld;

  constructor(sim: SimDevice, world: DeviceWorld) {
    this.#sim = sim;
    this.#world = world;
  }

  /** The drive as it is at the server now. */
  async drive(): Promise<Drive> {
    const { signal } = this.#world;
    const { drive } = await this.#world.through(this.#sim.live(signal));
    await this.#world.through(drive.refresh(signal));
    return drive;
  }

  async write(path: string, content: string): Promise<void> {
    this.#world.wrote(createHash('sha256').update(content).digest('hex'), content);
    await this.#edit((drive, signal) =>
      drive.put(`/${path}`, [new TextEncoder().encode(content)], { makeParents: true }, signal),
    );
  }

  async folder(path: string): Promise<void> {
    await this.#edit((drive, signal) => drive.makeFolder(`/${path}`, { parents: true }, signal));
  }

  async move(from: string, to: string): Promise<void> {
    await this.#edit((drive, signal) => drive.edit.move(`/${from}`, `/${to}`, signal));
  }

  async trash(path: string): Promise<void> {
    await this.#edit((drive, signal) => drive.edit.trash(`/${path}`, signal));
  }

  async purge(path: string): Promise<void> {
    await this.#edit((drive, signal) => drive.edit.purge(`/${path}`, signal));
  }

  async node(path: string): Promise<NodeView> {
    const found = (await this.drive()).resolve(`/${path}`);
    assert.ok(found.ok, `the drive has no ${path}`);
    return found.value.node;
  }

  /** Contents that the file had, oldest first, the current one last. */
  async versions(path: string): Promise<readonly string[]> {
    const drive = await this.drive();
    const listed = drive.versions(`/${path}`);
    assert.ok(listed.ok, `the drive has no file ${path}`);
    const contents: string[] = [];
    for (const { number } of listed.value) {
      const parts: string[] = [];
      const sink = { write: (bytes: Uint8Array) => void parts.push(text(bytes)) };
      const got = drive.get(`/${path}`, sink, { version: number }, this.#world.signal);
      assert.ok((await this.#world.through(got)).ok);
      contents.push(parts.join(''));
    }
    return contents;
  }

  /** Names of what lies directly in the trash, sorted. */
  async trashed(): Promise<readonly string[]> {
    const nodes = (await this.drive()).trashed();
    return nodes.map((node) => node.from?.name ?? node.name).sort();
  }

  async #edit(
    action: (drive: Drive, signal: AbortSignal) => Promise<{ readonly ok: boolean }>,
  ): Promise<void> {
    const { signal, through } = this.#world;
    const drive = await this.drive();
    const result = await through(action(drive, signal));
    assert.ok(result.ok, JSON.stringify(result));
  }
}
