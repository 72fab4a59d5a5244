import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryStore } from '../../../lib/archive/store/directory/directory-store.ts';
import { archiveStoreContract } from './archive-store.ts';

archiveStoreContract('DirectoryStore', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cistern-'));
  const store = new DirectoryStore(join(root, 'archive'));
  await store.prepare();
  return { store, close: () => rm(root, { recursive: true }) };
});
