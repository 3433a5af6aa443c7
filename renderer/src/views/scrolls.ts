/** For a region that scrolls: the keyboard must reach it even when nothing in it takes the focus. */
export const SCROLLS = { tabindex: 0 } as const;
