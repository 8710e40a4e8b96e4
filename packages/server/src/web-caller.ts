/** Calls other people's servers for webhook steps, with `fetch`. */
import type { WebCaller } from './app/ports/web.ts';
import { LONGEST_WEBHOOK_MS, WEBHOOK_ANSWER_BYTES } from './limits.ts';

/** Of a connection that was never made: the other side can't have got anything. */
const NOT_REACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

export const webCaller: WebCaller = {
  async call({ method, url, headers, body, timeoutMs }, signal) {
    const limit = AbortSignal.timeout(
      timeoutMs === 0 ? LONGEST_WEBHOOK_MS : Math.min(timeoutMs, LONGEST_WEBHOOK_MS),
    );
    try {
      const response = await fetch(url, {
        method,
        headers,
        ...(body === '' ? {} : { body }),
        signal: AbortSignal.any([signal, limit]),
      });
      return { status: response.status, text: await beginning(response) };
    } catch (thrown) {
      const reached = !NOT_REACHED.has(codeOf(thrown)) && URL.canParse(url);
      if (limit.aborted) return { error: 'it did not answer in time', reached };
      if (signal.aborted) return { error: 'cancelled', reached };
      return { error: `it could not be called: ${reasonOf(thrown)}`, reached };
    }
  },
};

/** Only so much is read: what answers without end costs nothing. */
async function beginning(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    bytes += (chunk as Uint8Array).length;
    if (bytes >= WEBHOOK_ANSWER_BYTES) break;
  }
  return text;
}

function codeOf(thrown: unknown): string {
  const { cause } = thrown as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : '';
}

/** The cause says what it was; addresses may hold secrets, and stay out. */
function reasonOf(thrown: unknown): string {
  const code = codeOf(thrown);
  if (code !== '') return code;
  const invalid = (thrown as { cause?: unknown }).cause === undefined;
  return invalid ? 'its address, a header or its method is not valid' : 'the connection broke';
}
