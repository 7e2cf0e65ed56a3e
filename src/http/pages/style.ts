import { createHash } from 'node:crypto'
import { html } from './html.ts'

/** The one stylesheet. Pages answered at `/validate` carry it and stay under 4 KB, so it is small. */
export const style = html`
  :root{color-scheme:light dark;--page:#f3f4f6;--card:#fff;--text:#1b2430;--soft:#566070;--line:#d5dae1;--act:#1d5bb8;--on:#fff}
  @media(prefers-color-scheme:dark){
    :root{--page:#11151a;--card:#1a2027;--text:#e6eaef;--soft:#a3adba;--line:#38414d;--act:#8ab4f8;--on:#0b1a30}
  }
  *{box-sizing:border-box}
  body{margin:0;padding:8vh 1rem 2rem;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
  main{max-width:27rem;margin:auto;padding:min(1.75rem,6vw);background:var(--card);border:1px solid var(--line);border-radius:12px;overflow-wrap:anywhere}
  h1{margin:0;font-size:1.4rem;line-height:1.25}
  h2{margin:2rem 0 0;font-size:1rem}
  p,ul{margin:.75rem 0 0}
  a{color:var(--act)}
  .go{display:block;width:100%;margin:1.25rem 0 0;padding:.6rem 1rem;border:1px solid var(--act);border-radius:8px;background:var(--act);color:var(--on);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
  .alt{background:0 0;color:var(--act)}
  .go+.go{margin-top:.75rem}
  :focus-visible{outline:3px solid var(--act);outline-offset:2px}
  dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1.5rem 0 0;padding-top:1rem;border-top:1px solid var(--line);font-size:.875rem}
  dt{color:var(--soft)}
  dd{margin:0}
  ol{padding:0}
  ol li{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.5rem 1rem;margin-top:1rem}
  ol .go{margin:0}
  @media print{.go{display:none}}
`

/** The stylesheet's source expression for `style-src` (CSP Level 3, section 2.3.1). */
export const styleSource = `'sha256-${createHash('sha256').update(style.text).digest('base64')}'`
