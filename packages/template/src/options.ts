/** What a caller decides about an evaluation. */
export interface EvaluateOptions {
  /** For NowDate and NowDateUtc, which give nothing without it. */
  now?: () => Date;
  /** The machine's time zone, as an IANA name (another is a RangeError): for NowDate, and for dates that name no zone. Default: UTC. */
  zone?: string;
  /** In the value of a variable: what gives nothing is left out (`empty`, as Octopus has it) or stays as it is written. Default: `empty`. */
  unresolvedInValues?: 'empty' | 'keep';
  /** For the format C. Default: that of .NET's invariant culture, ¤. */
  currencySymbol?: string;
  /** UTF-16 code units of any text that is made. Default: 16 Mi. */
  maxOutput?: number;
  /** Constructs that are evaluated. Default: 1,000,000. */
  maxSteps?: number;
}
