import { MemoryPageLister } from '../../support/memory-page-lister.ts';
import { pageListerContract } from './page-lister.ts';

pageListerContract('MemoryPageLister', async (keys) => ({
  lister: new MemoryPageLister(keys),
  close: async () => {},
}));
