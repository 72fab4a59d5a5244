import { CloudWatchCountersReader } from '../../../lib/metrics/aws/cloudwatch-counters-reader.ts';
import { metricsOf } from '../../support/emf.ts';
import { FakeCloudWatch } from '../../support/fake-cloudwatch.ts';
import { countersReaderContract } from './counters-reader.ts';

countersReaderContract('CloudWatchCountersReader', async () => {
  const cloudWatch = new FakeCloudWatch();
  // Another stage's metrics lie beside them.
  cloudWatch.data.push(...metricsOf('other', { counts: { batches: 100, messages: 100 } }, Date.now()));
  return {
    reader: new CloudWatchCountersReader(cloudWatch.client, { stage: 'test', functionName: 'receiver' }),
    record: async (sample, at) => void cloudWatch.data.push(...metricsOf('test', sample, at)),
    close: async () => cloudWatch.client.destroy(),
  };
});
