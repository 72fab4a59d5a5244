import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { PageLister } from '../page-lister.ts';
import { StoreError } from '../store.ts';
import { s3Error } from './s3-error.ts';

/** Pages of a bucket. Throws {@link StoreError}. */
export class S3PageLister implements PageLister {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async page(prefix: string, after: string, max: number, signal?: AbortSignal): Promise<readonly string[]> {
    const answer = await this.#list(prefix, after, max, signal);
    const keys = (answer.Contents ?? []).flatMap(({ Key: key }) => (key === undefined ? [] : [key]));
    if (answer.IsTruncated === true && keys.length < max) {
      // A store may cut a page short. To take it for the end would make an app silent that is not.
      throw new StoreError('unavailable', `the list of bucket "${this.#bucket}" breaks off: try again`);
    }
    return keys;
  }

  async #list(prefix: string, after: string, max: number, signal?: AbortSignal) {
    const command = new ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: prefix,
      MaxKeys: max,
      ...(after === '' ? {} : { StartAfter: after }),
    });
    try {
      return await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal });
    } catch (cause) {
      throw s3Error(cause, 'ListObjectsV2', this.#bucket);
    }
  }
}
