/** What the model takes for granted. docs/cost.md says the same in prose; `cistern cost` prints them. */
export const assumptions = {
  /** A month: 30 days, in seconds. Batches are spread evenly over it, which makes the most objects of them. */
  monthSeconds: 30 * 24 * 60 * 60,
  /** Raw bytes for each byte of member: router lines (docs/performance.md). */
  ratio: 5.1,
  /** Bytes of a member beside its batch: gzip's own and the batch header. */
  memberHeaderBytes: 450,

  /** From a request to its answer, in seconds: S3's or SQS's answer above all. Not measured on AWS. */
  receiverSeconds: 0.05,
  /** An archiver's run, in seconds: so much, and so much more for each member. Not measured on AWS. */
  archiverSeconds: 0.3,
  archiverMemberSeconds: 0.005,
  /** Memory of receiver, archiver and watch, in GB: 512 MiB each (infra/). */
  functionGigabytes: 0.5,

  /** Lambda's pollers of a queue, at least while nothing waits; each collects its own event. */
  pollers: 5,
  /** How long a poll of an empty queue lasts, in seconds: SQS's longest. */
  pollSeconds: 20,
  /** Messages that one receive brings (the worst), and that one delete takes (SQS's most). */
  messagesPerReceive: 1,
  messagesPerDelete: 10,
  /** Of an event of SQS to Lambda, and of what stands in it beside each message's text, in bytes. */
  eventBytes: 6_000_000,
  eventRecordBytes: 1_000,
  /** Of a message beside its member: key, checksum, JSON. Base64 makes four bytes of three. */
  messageBytes: 250,
  /** The largest member that a message can hold, in bytes (1 MiB of text): a larger one goes to the store. */
  spooledMemberBytes: 786_048,

  /** What a request leaves in the receiver's log, in bytes: two lines of metrics, three of Lambda's own. */
  receiverLogBytes: 1_200,
  archiverLogBytes: 1_500,
  /** Custom metrics of the stage, of each app (its secret's among them) and of the canary. */
  stageMetrics: 8,
  appMetrics: 9,
  canaryMetrics: 6,
  /** Added by buffered delivery: the archiver's, and *spooled* for the stage and each app. */
  archiverMetrics: 6,
  appArchiverMetrics: 1,

  /**
   * SecureStrings that the receiver reads for each app (its secret), and for the canary; Parameter Store is taken to
   * ask KMS once for each.
   */
  appSecureStrings: 1,
  canarySecureStrings: 1,
  /** The receiver reads them anew when they are this old, in seconds, in each of its containers. */
  registrySeconds: 60,

  /** The watch: a run every five minutes, its seconds, and its requests a run and app. */
  watchRuns: 8_640,
  watchSeconds: 3,
  watchPuts: 4,
  watchGets: 20,
  /** Metrics queried by each run, and each hour for each app. */
  watchMetrics: 11,
  hours: 720,
  alarms: 13,
} as const;
