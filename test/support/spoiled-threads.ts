/** Loaded before `serve`: its threads find no S3 client, so that the archiver's ends before it can hear an order. */
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  registerHooks({
    load(url, context, next) {
      if (url.endsWith('/lib/archive/store/aws/s3-store.ts')) throw new Error('no client in a thread');
      return next(url, context);
    },
  });
}
