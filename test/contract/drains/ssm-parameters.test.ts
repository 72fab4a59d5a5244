import { createSsmClient, SsmParameters } from '../../../lib/drains/aws/ssm-parameters.ts';
import { startFakeAws } from '../../support/fake-aws.ts';
import { parameterStoreContract } from './parameter-store.ts';

parameterStoreContract('SsmParameters', async () => {
  const aws = await startFakeAws();
  const client = createSsmClient(aws.ssmClientConfig());
  return {
    parameters: new SsmParameters(client, 'test'),
    close: async () => {
      client.destroy();
      await aws.close();
    },
  };
});
