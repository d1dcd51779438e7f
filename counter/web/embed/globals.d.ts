/** What the scripts share, and what browsers have that TypeScript's own library does not know. */

/** What v1.js gives to its modules. */
interface VisitorCounter {
  /** Truthy where nothing is counted. */
  skip: unknown
  /** The path of the page, once it is known. */
  path?: string
  /** What /views or /figures answered last; undefined when it did not. */
  figures?: Record<string, any>
  ask(what: string): Promise<any>
  put(element: Element, figure?: unknown): void
  view(path: string): Promise<unknown>
  show(figures?: Record<string, any>): void
}

interface Window {
  visitorCounter: VisitorCounter
  /** GoatCounter's functions, as pages know them. */
  goatcounter: any
  /** The Navigation API, where the browser has it. */
  navigation?: EventTarget
}
declare const navigation: EventTarget

interface Document {
  /** True while a page is made ahead of its visit (Speculation Rules). */
  prerendering?: boolean
}

// Whoever names a selector knows what kind of element it finds.
interface ParentNode {
  querySelector(selectors: string): any
  querySelectorAll(selectors: string): NodeListOf<any>
}
interface Element {
  closest(selectors: string): any
}

// The name under which more.js is served.
declare module "*/v1-more.js" {
  export function fillLists(among?: string): Promise<void>
}
