/** Calls of other people's servers, for webhook steps. */
export interface WebCall {
  method: string;
  url: string;
  headers: Record<string, string>;
  /** Empty: none. */
  body: string;
  /** 0: the caller's own bound. */
  timeoutMs: number;
}

export interface WebCaller {
  /**
   * Never rejects. `reached`: whether the other side may have got it.
   */
  call(
    call: WebCall,
    signal: AbortSignal,
  ): Promise<{ status: number; text: string } | { error: string; reached: boolean }>;
}
