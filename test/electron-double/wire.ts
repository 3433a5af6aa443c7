/** What a test and the process of its application say to each other, over the channel of `fork`. */

export type ToApp =
  | { readonly kind: 'menu'; readonly label: string }
  | { readonly kind: 'tray-click' }
  | { readonly kind: 'theme'; readonly isDark: boolean }
  | { readonly kind: 'resume' }
  | { readonly kind: 'look' };

export interface WindowLook {
  readonly url: string;
  readonly isVisible: boolean;
}

export interface AppLook {
  readonly tooltip: string;
  readonly image: string;
  readonly menu: readonly { readonly label: string; readonly isEnabled: boolean }[];
  readonly windows: readonly WindowLook[];
  readonly opened: readonly string[];
}

export type FromApp =
  /** Chromium listens there for a debugger: the test drives the same pages. */
  | { readonly kind: 'chromium'; readonly endpoint: string }
  | { readonly kind: 'look'; readonly look: AppLook };
