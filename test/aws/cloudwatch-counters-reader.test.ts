import { randomUUID } from 'node:crypto';
import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchCountersReader,
  createCloudWatchClient,
} from '../../lib/metrics/aws/cloudwatch-counters-reader.ts';
import { countersReaderContract } from '../contract/metrics/counters-reader.ts';
import { metricsOf } from '../support/emf.ts';

countersReaderContract('CloudWatchCountersReader on moto', async () => {
  const client = createCloudWatchClient();
  const stage = randomUUID();
  return {
    reader: new CloudWatchCountersReader(client, { stage, functionName: `receiver-${stage}` }),
    record: async (sample, at) => {
      for (const { namespace, datum } of metricsOf(stage, sample, at)) {
        await client.send(new PutMetricDataCommand({ Namespace: namespace, MetricData: [datum] }));
      }
    },
    close: async () => client.destroy(),
  };
});
