// @ts-check
/**
 * Single-page navigation: a view for each page that the reader goes to. `data-spa="history"` counts
 * changes of the path, `data-spa="hash"` those of the part behind #.
 */
import { fillLists } from "./v1-more.js"

const { view, put } = window.visitorCounter
const script = document.querySelector("script[data-site]")
const hash = script.dataset.spa == "hash"
const page = () =>
  hash ? location.hash.replace(/^#!?/, "") || "/" : location.pathname + (script.dataset.query ? location.search : "")

let last = page()
let turn = 0

async function turned() {
  const path = page()
  if (path == last) return
  last = path
  const mine = ++turn
  // The last page's figures never show on the next one.
  for (const element of document.querySelectorAll('[data-counter="views"]:not([data-path])')) put(element)
  const { show } = window.visitorCounter
  window.visitorCounter.show = (figures) => mine == turn && show(figures)
  // The page puts its own things in place first.
  await new Promise((done) => setTimeout(done))
  view(path)
  fillLists()
}

if (hash) addEventListener("hashchange", turned)
else if (window.navigation) navigation.addEventListener("navigatesuccess", turned)
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
