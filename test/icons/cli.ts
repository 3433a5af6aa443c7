/**
 * `npm run icons`: draws `resources/tray/*.png` from the marks in `resources/mark`, since trays take no
 * SVG. Needed only when a mark changed: the images are checked in.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../browser/chromium.ts';

const SIZE_PX = 32;
const resources = fileURLToPath(new URL('../../resources/', import.meta.url));

const browser = await launchChromium();
const page = await browser.newPage({ viewport: { width: SIZE_PX, height: SIZE_PX } });
mkdirSync(`${resources}tray`, { recursive: true });
const marks = readdirSync(`${resources}mark`).filter((name) => /^tray-.*\.svg$/.test(name));
for (const name of marks) {
  const source = readFileSync(`${resources}mark/${name}`).toString('base64');
  await page.setContent(
    `<style>body{margin:0}img{display:block}</style><img width="${SIZE_PX}" height="${SIZE_PX}" src="data:image/svg+xml;base64,${source}">`,
  );
  const png = await page.screenshot({ omitBackground: true });
  writeFileSync(`${resources}tray/${name.replace('.svg', '.png')}`, png);
}
await browser.close();
console.error(`${marks.length} tray images are drawn.`);
