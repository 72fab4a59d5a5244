import type { SNSClient } from '@aws-sdk/client-sns';
import { createSnsClient } from './sns-channel.ts';

/** Clients for topics, one for each region that their ARNs name: SNS knows a topic nowhere else. */
export class SnsClients {
  readonly #clients = new Map<string, SNSClient>();

  of(topicArn: string): SNSClient {
    // arn:<partition>:sns:<region>:<account>:<name>
    const region = topicArn.split(':')[3] ?? '';
    const client = this.#clients.get(region) ?? createSnsClient(region === '' ? {} : { region });
    this.#clients.set(region, client);
    return client;
  }
}
