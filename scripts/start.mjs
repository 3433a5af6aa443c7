// `npm start`: the page is built first if it is older than its sources, so that who opens it finds it; then all runs.
import { builtRenderer } from '../renderer/scripts/build.ts';

await builtRenderer();
await import('../cli/src/main.ts');
