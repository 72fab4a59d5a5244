/** `npm run test:aws [-- FILTER]`: the tests of this folder against moto. */
import { join } from 'node:path';
import { runWithMoto } from './moto.ts';

const config = join(import.meta.dirname, 'vitest.config.ts');
process.exitCode = await runWithMoto('test:aws', config, process.argv.slice(2));
