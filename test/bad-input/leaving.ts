import { type BadInput, chunked, get, post } from './case.ts'

/** Clients that leave in the middle. */
export const LEAVING: readonly BadInput[] = [
  { name: 'nothing, and the end', bytes: '', leaves: 'by an end', answer: ', end' },
  {
    name: 'half a head, and the end',
    bytes: 'GET / HTTP/1.1\r\nHo',
    leaves: 'by an end',
    answer: '400, end'
  },
  {
    name: 'a request, and the end before the answer: nobody waits for it, as with nginx',
    bytes: get('/slow'),
    leaves: 'by an end',
    answer: ', end',
    app: ['GET /slow']
  },
  {
    name: 'half a body, and the end',
    bytes: post('he', 'Content-Length: 5'),
    leaves: 'by an end',
    answer: '400, end'
  },
  {
    name: 'chunks without the last one, and the end',
    bytes: chunked('2\r\nhe\r\n'),
    leaves: 'by an end',
    answer: '400, end'
  },
  {
    name: 'an expectation, and the end where the body should be',
    bytes: post('', 'Content-Length: 5', 'Expect: 100-continue'),
    leaves: 'by an end',
    answer: '400, end'
  },
  { name: 'nothing, and a reset', bytes: '', leaves: 'by a reset', answer: ', end' },
  { name: 'half a head, and a reset', bytes: 'GET / HTTP/1.1\r\nHo', leaves: 'by a reset', answer: ', end' },
  {
    name: 'half a body, and a reset',
    bytes: post('he', 'Content-Length: 5'),
    leaves: 'by a reset',
    answer: ', end'
  },
  {
    name: 'a request, and a reset before the answer',
    bytes: get('/slow'),
    leaves: 'by a reset',
    answer: ', end',
    app: ['GET /slow']
  },
  { name: 'half a chunk, and a reset', bytes: chunked('2\r\nh'), leaves: 'by a reset', answer: ', end' }
]
