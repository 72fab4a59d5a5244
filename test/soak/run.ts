/** `npm run test:soak [-- --quick] [-- FILTER…]`: the soak in large, with moto beside it. */
import { join } from 'node:path';
import { runWithMoto } from '../aws/moto.ts';

const given = process.argv.slice(2);
const size = given.includes('--quick') ? 'quick' : 'large';
const args = given.filter((arg) => arg !== '--quick');
const config = join(import.meta.dirname, 'vitest.config.ts');
process.exitCode = await runWithMoto('test:soak', config, args, { CISTERN_SOAK: size });
