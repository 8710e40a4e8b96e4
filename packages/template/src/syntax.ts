/** A template once it is read: a tree of nodes. Every node can be printed as it was written, by its `source`. */
import type { Lines, Problem } from './problems.ts';

export interface Template {
  readonly text: string;
  readonly nodes: readonly Node[];
  /** Malformed constructs, in the order of the text; each of them stays text. */
  readonly problems: readonly Problem[];
  /** Where an offset of the text is, in lines and columns. */
  readonly lines: Lines;
}

export type Node = TextNode | SubstitutionNode | CalculationNode | IfNode | EachNode;

export interface TextNode {
  readonly kind: 'text';
  readonly text: string;
}

/** What stands between `#{` and `}`; `at` is the offset of the `#`. */
interface Written {
  readonly at: number;
  readonly source: string;
}

export interface SubstitutionNode extends Written {
  readonly kind: 'substitution';
  readonly expression: Expression;
}

export interface CalculationNode extends Written {
  readonly kind: 'calculation';
  readonly calculation: Calculation;
}

/** `if`, with its `elseif`s and its `else`; `unless` is one branch that is negated. */
export interface IfNode {
  readonly kind: 'if';
  readonly branches: readonly Branch[];
  readonly otherwise: readonly Node[];
}

export interface Branch {
  readonly condition: Condition;
  readonly negated: boolean;
  readonly body: readonly Node[];
}

export interface EachNode {
  readonly kind: 'each';
  /** Lower case. */
  readonly variable: string;
  readonly collection: Expression;
  readonly body: readonly Node[];
}

/** A head, and the filters that it goes through. */
export interface Expression extends Written {
  readonly head: Head;
  readonly filters: readonly FilterCall[];
}

export type Head =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'literal'; readonly text: string }
  /** `#{ | NowDate}` */
  | { readonly kind: 'nothing' };

export interface FilterCall {
  /** As it is written. */
  readonly name: string;
  readonly at: number;
  /** Each gives the text of one argument. */
  readonly args: readonly Node[];
}

export interface Condition {
  readonly left: Expression;
  readonly comparison?: { readonly equal: boolean; readonly right: Expression };
}

/** `Octopus.Action[Package A].Name`; the first step is a name. */
export interface Path {
  readonly steps: readonly Step[];
  readonly source: string;
}

/** Keys are lower case for looking up; `text` is as written. */
export type Step =
  | { readonly kind: 'name'; readonly key: string; readonly text: string }
  | { readonly kind: 'index'; readonly key: string; readonly text: string }
  /** `[#{User}]` */
  | { readonly kind: 'computed'; readonly expression: Expression };

export type Operator = '+' | '-' | '*' | '/' | '%';

export type Calculation =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'variable'; readonly path: Path; readonly at: number }
  | {
      readonly kind: 'operation';
      readonly operator: Operator;
      readonly left: Calculation;
      readonly right: Calculation;
    };

export type BlockKind = 'if' | 'unless' | 'each';

/** What stands between one `#{` and its `}`, while reading: a value, or what opens, parts or closes a block. */
export type Marker = SubstitutionNode | CalculationNode | Opener | Parter | Closer;

export type Opener =
  | { readonly kind: 'if' | 'unless'; readonly condition: Condition }
  | { readonly kind: 'each'; readonly variable: string; readonly collection: Expression };

export type Parter = { readonly kind: 'elseif'; readonly condition: Condition } | { readonly kind: 'else' };

export interface Closer {
  readonly kind: 'close';
  readonly of: BlockKind;
}
