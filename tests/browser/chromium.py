"""How the tests start Chromium, and what they measure in it."""

from __future__ import annotations

from pathlib import Path

CHROMIUM = Path("/usr/bin/chromium")
WAIT_MS = 15_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Every text that is less than 4.5 : 1 against the nearest painted ground (3 : 1 where it is large), by its words.
CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const paint = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data; };
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => { for (let e = element; e; e = e.parentElement) {
    const colour = paint(getComputedStyle(e).backgroundColor); if (colour[3] > 250) return colour; }
    return [255, 255, 255]; };
  const bad = new Map();
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('.vh, svg, .skip') || !element.checkVisibility()) continue;
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
    if (!text) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(paint(style.color)), light(ground(element))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) bad.set(element.className + ' ' + style.color, text + ' ' + ratio.toFixed(2));
  }
  return [...bad].map(([k, v]) => k + ': ' + v);
}"""

# What stands in the way of a keyboard, a screen reader or a finger: controls without a name, ids given twice, tables
# without caption or headings, frames without title, headings that skip a level, targets smaller than 24 px (links
# within a text are let off, as WCAG does).
ACCESS = r"""() => {
  const bad = [];
  const say = (what, e) => bad.push(what + ': ' + e.outerHTML.slice(0, 120));
  const all = (what) => document.querySelectorAll(what);
  const fields = 'input:not([type=hidden]), select, textarea';
  const seen = new Set();
  for (const e of all('[id]')) { if (seen.has(e.id)) say('id twice', e); seen.add(e.id); }
  const said = (e) => (e?.innerText || '').trim();
  const named = (e) => (e.getAttribute('aria-label') || '').trim() || [...(e.labels || [])].some(said)
    || (e.getAttribute('aria-labelledby') || '').split(/\s+/).some(id => said(document.getElementById(id)));
  for (const e of all(fields)) if (e.checkVisibility() && !named(e)) say('no label', e);
  for (const e of all('a[href], button:not([hidden]), summary'))
    if (!(e.textContent.trim() || e.getAttribute('aria-label'))) say('no name', e);
  for (const e of all('table')) if (!e.caption || !e.querySelector('th[scope]')) say('table', e);
  for (const e of all('iframe')) if (!e.title) say('frame', e);
  let level = 0;
  for (const e of all('main :is(h1, h2, h3, h4)')) {
    const own = +e.tagName[1]; if (own > level + 1) say('heading', e); level = own; }
  if (all('h1').length !== 1) bad.push('h1: ' + all('h1').length);
  for (const e of all(`${fields}, button, summary`)) {
    const box = e.getBoundingClientRect();
    const lone = e.type === 'checkbox' && e.closest('td, label'); // the cell or label around it belongs to the target
    if (e.checkVisibility() && !lone && Math.min(box.width, box.height) < 24) say('small', e); }
  return bad;
}"""
