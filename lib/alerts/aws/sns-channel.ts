import {
  type MessageAttributeValue,
  PublishCommand,
  type PublishCommandInput,
  SNSClient,
  type SNSClientConfig,
} from '@aws-sdk/client-sns';
import { type AwsFailure, readAwsFailure } from '../../base/aws/aws-failure.ts';
import { cut } from '../../base/text.ts';
import type { Alert, Delivery } from '../../incidents/alert.ts';
import type { Channel } from '../channels/channel.ts';
import { alertPayload, names } from '../channels/payload.ts';
import { factsOf, headline } from '../text.ts';

/** An SNS topic: text for people who subscribe by mail, JSON for machines, attributes for filter policies. */
export class SnsChannel implements Channel {
  readonly name: string;
  readonly #client: SNSClient;
  readonly #topicArn: string;

  constructor(name: string, client: SNSClient, topicArn: string) {
    this.name = name;
    this.#client = client;
    this.#topicArn = topicArn;
  }

  async deliver(alert: Alert, signal: AbortSignal): Promise<Delivery> {
    const command = new PublishCommand({ TopicArn: this.#topicArn, ...snsMessage(alert) });
    try {
      await this.#client.send(command, { abortSignal: signal });
      return { outcome: 'accepted' };
    } catch (error) {
      return explainFailure(readAwsFailure(error));
    }
  }
}

/** A subject is ASCII without control characters, begins with a letter, and has less than 100 characters (Publish, Subject). */
const maxSubject = 99;

export function snsMessage(
  alert: Alert,
): Pick<PublishCommandInput, 'Subject' | 'Message' | 'MessageStructure' | 'MessageAttributes'> {
  const title = headline(alert);
  const text = [title, '', ...factsOf(alert).map(([label, value]) => `${label}: ${value}`)].join('\n');
  const json = JSON.stringify(alertPayload(alert));
  return {
    Subject: cut(`Cistern ${title}`.replaceAll(/[^\x20-\x7e]+/g, '?'), maxSubject).replace('…', '~'),
    // With this structure each protocol gets its own (Publish, MessageStructure); what is not named, `default`.
    MessageStructure: 'json',
    Message: JSON.stringify({
      default: text,
      sms: cut(title, 140),
      sqs: json,
      lambda: json,
      http: json,
      https: json,
    }),
    MessageAttributes: attributes(alert),
  };
}

/** What filter policies can match. An array matches where one of its members does; an empty one is not allowed. */
function attributes(alert: Alert): Record<string, MessageAttributeValue> {
  const { severity, check, kind, environment, stage, apps } = alert;
  const [app, ...others] = names(apps, 30).filter((name) => name !== '');
  const text = (value: string) => ({ DataType: 'String', StringValue: value });
  return {
    severity: text(severity),
    check: text(check),
    kind: text(kind),
    environment: text(environment),
    stage: text(stage),
    ...(app === undefined
      ? {}
      : {
          app:
            others.length === 0
              ? text(app)
              : { DataType: 'String.Array', StringValue: JSON.stringify([app, ...others]) },
        }),
  };
}

function explainFailure(failure: AwsFailure): Delivery {
  const { status, throttled, setup } = failure;
  // The word of an error is kept and shown: one from a proxy could be anything.
  const code = /^[A-Za-z][A-Za-z0-9_. ]{0,60}$/.test(failure.code) ? failure.code : 'unknown error';
  const retry = (error: string, mayHaveArrived: boolean, busy: boolean): Delivery => ({
    outcome: 'retry',
    error,
    mayHaveArrived,
    busy,
  });
  if (setup !== undefined) return { outcome: 'rejected', error: `SNS can't be used (${code}): ${setup}` };
  if (throttled || code.startsWith('KMSThrottling')) {
    return retry(`SNS asks for fewer requests (${code})`, false, true);
  }
  if (status === undefined) {
    if (code === 'TimeoutError' || code === 'AbortError')
      return retry('SNS did not answer in time', true, false);
    return retry(`SNS was not reached (${code})`, !beforeSending.has(code), false);
  }
  if (status >= 500) return retry(`SNS answers ${status} (${code})`, true, false);
  return { outcome: 'rejected', error: `SNS answers ${status} (${code}): ${advice(code)}` };
}

const beforeSending: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

function advice(code: string): string {
  if (code.startsWith('NotFound')) return 'there is no such topic: correct topicArn, or deploy again';
  if (code.startsWith('AuthorizationError') || code === 'AccessDenied')
    return 'allow sns:Publish to this topic';
  if (code.startsWith('KMS'))
    return "allow kms:GenerateDataKey and kms:Decrypt with the topic's key, and enable it";
  return 'SNS does not take the message';
}

/** A client for {@link SnsChannel}, set up by the environment as every AWS client is; `overrides` win. */
export function createSnsClient(overrides: SNSClientConfig = {}): SNSClient {
  return new SNSClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
    ...overrides,
  });
}
