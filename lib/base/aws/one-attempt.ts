/**
 * Of a client on the way of a batch: one attempt a request, since how often and how long to try is the caller's to
 * say. Writes end earlier, by their own signal; connections are kept alive, which is the client's default.
 */
export const oneAttempt = {
  maxAttempts: 1,
  requestHandler: {
    connectionTimeout: 1_000,
    requestTimeout: 30_000,
    // Else a request that takes too long is only warned of.
    throwOnRequestTimeout: true,
    socketTimeout: 30_000,
  },
} as const;
