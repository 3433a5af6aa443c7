/** What a test and the process of its application say to each other, over the channel of `fork`. */

export type ToApp =
  | { readonly kind: 'menu'; readonly label: string }
  | { readonly kind: 'tray-click' }
  | { readonly kind: 'theme'; readonly isDark: boolean }
  | { readonly kind: 'resume' }
  /** A person closes every window. */
  | { readonly kind: 'close' }
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
  /** Where pages wanted to go, and whether they were let. */
  readonly navigations: readonly { readonly url: string; readonly isAllowed: boolean }[];
}

export type FromApp =
  /** Chromium listens there for a debugger: the test drives the same pages. */
  | { readonly kind: 'chromium'; readonly endpoint: string }
  | { readonly kind: 'look'; readonly look: AppLook };
