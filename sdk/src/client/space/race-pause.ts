import type { Clock, Random } from '../../ports/index.ts';

const DELAY_MS_MIN = 20;
const DELAY_MS_MAX = 500;

/** Writers that collide wait for a while of their own before they try again. */
export async function pauseAfterRace(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): Promise<void> {
  const jitter = (random.bytes(1)[0] ?? 0) / 255;
  const spread = DELAY_MS_MAX - DELAY_MS_MIN;
  await clock.sleep(DELAY_MS_MIN + Math.round(jitter * spread), signal);
}
