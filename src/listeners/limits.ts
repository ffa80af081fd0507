/** What a client may take of our time and memory, the same over HTTP/1.1 and HTTP/2. */

/** For the head of a request, in milliseconds (nginx: `client_header_timeout` 60 s; a head is small). */
export const HEAD_TIMEOUT_MS = 15_000

/** For a TLS handshake, and for a PROXY header, in milliseconds. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
export const PROXY_HEADER_TIMEOUT_MS = 5000

/** For the next request on a connection, in milliseconds (nginx: `keepalive_timeout`). Above the 60 s of common load balancers. */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000

/** How late an expired head is noticed at most, in milliseconds. */
export const CONNECTIONS_CHECK_MS = 2000

/** Longest request line and fields together, in bytes (nginx: `large_client_header_buffers` 4 x 8k). */
export const MAX_HEADER_BYTES = 32_768

/** Longest silence of a client that has something to read or to send, in milliseconds (nginx: `send_timeout`, `client_body_timeout`). */
export const CLIENT_IDLE_TIMEOUT_MS = 60_000

/** Requests at once on one HTTP/2 connection (nginx: `http2_max_concurrent_streams` 128). */
export const MAX_CONCURRENT_STREAMS = 100
