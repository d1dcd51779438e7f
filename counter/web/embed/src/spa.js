// @ts-check
/**
 * Single-page navigation: a view for each page that the reader goes to. `data-spa="history"` counts
 * changes of the path, `data-spa="hash"` those of the part behind #.
 */
import { fillLists } from "./v1-more.js"

const api = window.visitorCounter
const { view, put } = api
const { spa, query } = document.querySelector("script[data-site]").dataset
const page = () =>
  spa == "hash" ? location.hash.replace(/^#!?/, "") || "/" : location.pathname + (query == null ? "" : location.search)

let last

function turned() {
  const path = page()
  if (path == last) return
  last = path
  // The last page's views never show on the next one, nor where it has yet to draw them.
  api.figures &&= { ...api.figures, views: null }
  for (const element of document.querySelectorAll('[data-counter="views"]:not([data-path])')) put(element)
  view(path)
}

// A page may put its elements in place long after it has changed its address, or just before it is known.
new MutationObserver(() => {
  turned()
  for (const element of document.querySelectorAll("[data-counter]:empty:not([data-path])"))
    put(element, api.figures?.[element.dataset.counter])
  fillLists(":empty")
}).observe(document, { childList: true, subtree: true })

// Both fire once the address has changed, and after the page's own call of pushState.
if (spa == "hash") addEventListener("hashchange", turned)
else if (window.navigation) navigation.addEventListener("currententrychange", turned)
else {
  for (const name of ["pushState", "replaceState"]) {
    const own = history[name]
    history[name] = function (...args) {
      own.apply(this, args)
      turned()
    }
  }
  addEventListener("popstate", turned)
}
turned()
