/**
 * The mark's drawings: a frame open on the right, and what lies in it tells the state. 16-unit grid;
 * the same shapes as the tray images in `resources/mark`.
 */
export type GlyphState =
  'idle' | 'syncing' | 'paused' | 'attention' | 'offline' | 'error' | 'signed-out' | 'sealed';

const OPEN_FRAME =
  'M14 5V4.4A2.4 2.4 0 0 0 11.6 2H4.4A2.4 2.4 0 0 0 2 4.4v7.2A2.4 2.4 0 0 0 4.4 14h7.2a2.4 2.4 0 0 0 2.4-2.4V11';
const CLOSED_FRAME =
  'M4.4 2h7.2A2.4 2.4 0 0 1 14 4.4v7.2a2.4 2.4 0 0 1-2.4 2.4H4.4A2.4 2.4 0 0 1 2 11.6V4.4A2.4 2.4 0 0 1 4.4 2Z';

export interface Block {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly radius: number;
  /** Comes in through the opening while the state lasts. */
  readonly moves?: boolean;
  readonly isHollow?: boolean;
}

export interface GlyphShape {
  readonly frame: string;
  readonly blocks: readonly Block[];
  /** Strokes instead of blocks. */
  readonly lines?: string;
}

const block = (x: number, y: number, width: number, height: number, radius: number): Block => ({
  x,
  y,
  width,
  height,
  radius,
});

export const GLYPHS: Readonly<Record<GlyphState, GlyphShape>> = {
  idle: { frame: OPEN_FRAME, blocks: [block(5, 5, 6, 6, 1)] },
  syncing: {
    frame: OPEN_FRAME,
    blocks: [
      block(4.5, 4.5, 3, 3, 0.6),
      block(4.5, 8.5, 3, 3, 0.6),
      block(8.5, 8.5, 3, 3, 0.6),
      { ...block(12, 5.5, 3, 3, 0.6), moves: true },
    ],
  },
  paused: { frame: OPEN_FRAME, blocks: [block(5, 5, 2, 6, 0.6), block(9, 5, 2, 6, 0.6)] },
  attention: { frame: OPEN_FRAME, blocks: [block(7, 4, 2, 5, 0.6), block(7, 10, 2, 2, 0.6)] },
  offline: { frame: OPEN_FRAME, blocks: [], lines: 'M5 11 11 5' },
  error: { frame: OPEN_FRAME, blocks: [], lines: 'm5.5 5.5 5 5m0-5-5 5' },
  'signed-out': {
    frame: OPEN_FRAME,
    blocks: [{ ...block(5.75, 5.75, 4.5, 4.5, 0.8), isHollow: true }],
  },
  sealed: { frame: CLOSED_FRAME, blocks: [block(3, 6, 10, 1.6, 0), block(6.5, 6, 3, 4.2, 0.8)] },
};
