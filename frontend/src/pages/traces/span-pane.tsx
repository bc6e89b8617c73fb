import { type ReactNode, type RefObject, useMemo, useState } from 'react';
import { isRecord } from '../../api/client';
import type { TraceInfo } from '../../api/traces';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Notice, Pill } from '../../ui/parts';
import { AssessmentList } from './assessments';
import { Messages } from './message-view';
import { messagesIn } from './messages';
import { spanTime, type SpanTree, type TreeRow } from './span-tree';
import { INPUTS, kindWords, OUTPUTS, raisedIn, type Span, type SpanEvent, valueOf } from './spans';
import { CopyButton, Entries, jsonOf, ValueView, Words } from './value-view';

interface PaneProps {
  row: TreeRow;
  tree: SpanTree;
  trace: TraceInfo;
  place: RefObject<HTMLElement | null>;
  /** Whether it lies in a sheet, which names the span itself. */
  isSheet: boolean;
  /** Escape goes back to the tree. */
  onLeave: () => void;
}

/** What MLflow writes into each span for itself, or what stands elsewhere on the pane. */
const TOLD = new Set([INPUTS, OUTPUTS, 'mlflow.spanType', 'mlflow.traceRequestId', 'mlflow.experimentId', 'mlflow.chat.tokenUsage', 'mlflow.llm.model']);

/** What one span took, gave, raised and said. */
export function SpanPane({ row, tree, trace, place, isSheet, onLeave }: PaneProps) {
  const { span } = row;
  const [inputs, outputs] = useMemo(() => [valueOf(span.attributes[INPUTS]), valueOf(span.attributes[OUTPUTS])], [span]);
  const attributes = useMemo(() => Object.fromEntries(Object.entries(span.attributes).filter(([key]) => !TOLD.has(key)).map(([key, value]) => [key, valueOf(value)])), [span]);
  const said = (trace.assessments ?? []).filter(({ span_id: of }) => of === span.id);
  const raised = raisedIn(span);
  const events = span.events.filter(({ name }) => name !== 'exception');
  return (
    <section className="span-pane" aria-label={`Span ${span.name}`} tabIndex={0} ref={place} onKeyDown={(event) => { if (event.key === 'Escape') onLeave(); }}>
      <div className="span-title">
        {!isSheet && <h2>{span.name}</h2>}
        <p className="row wrap">
          {kindWords(span.kind) && <Pill>{kindWords(span.kind)}</Pill>}{span.status === 'ERROR' && <Pill tone="bad">Error</Pill>}
          <span className="two">{span.end_ns === undefined ? 'Not ended' : spanTime(span.end_ns - span.start_ns)}</span>
          <span className="muted">began after {spanTime(span.start_ns - tree.start_ns)}</span>
          {factsOf(span).map((fact) => <span key={fact} className="muted">{fact}</span>)}
        </p>
      </div>
      {raised.map(({ type, message, stack }, index) => (
        <Part key={index} title={type} tone="bad" copy={stack || message}>
          {message && <p className="note-text">{message}</p>}
          {stack && <div className="stack"><Words text={stack} isCode /></div>}
        </Part>
      ))}
      {span.status === 'ERROR' && raised.length === 0 && <Notice tone="bad">{span.message || 'It failed, and did not say why.'}</Notice>}
      <Held title="Inputs" value={inputs} empty="Nothing is kept of what it took." />
      <Held title="Outputs" value={outputs} empty={span.end_ns === undefined ? 'It has given nothing yet.' : 'Nothing is kept of what it gave.'} />
      {said.length > 0 && <Part title="Feedback"><AssessmentList of={said} /></Part>}
      {Object.keys(attributes).length > 0 && <Part title="Attributes" copy={attributes}><Pairs pairs={attributes} /></Part>}
      {events.length > 0 && <Part title={counted(events.length, 'event')} copy={events}><Events events={events} start_ns={tree.start_ns} /></Part>}
    </section>
  );
}

/** Tokens and model, where a span tells of them. */
function factsOf(span: Span): string[] {
  const usage = valueOf(span.attributes['mlflow.chat.tokenUsage']);
  const model = valueOf(span.attributes['mlflow.llm.model']);
  return [
    ...(typeof model === 'string' ? [model] : []),
    ...(isRecord(usage) ? [`${count(Number(usage['input_tokens'] ?? 0))} tokens in, ${count(Number(usage['output_tokens'] ?? 0))} out`] : []),
  ];
}

function Part({ title, tone = '', copy, acts, children }: { title: string; tone?: '' | 'bad'; copy?: unknown; acts?: ReactNode; children: ReactNode }) {
  return (
    <section className={`span-part ${tone}`} aria-label={title}>
      <div className="row span-part-head"><h3>{title}</h3><span className="grow" />{acts}{copy !== undefined && <CopyButton value={copy} name={title.toLowerCase()} />}</div>
      {children}
    </section>
  );
}

/** What a span took or gave: as messages where it is a conversation, else as values; the JSON at a press. */
function Held({ title, value, empty }: { title: string; value: unknown; empty: string }) {
  const messages = useMemo(() => messagesIn(value), [value]);
  const [isJson, setJson] = useState(false);
  if (value === undefined || value === null) return <Part title={title}><p className="muted">{empty}</p></Part>;
  const isPlain = typeof value !== 'object';
  const acts = !isPlain && (
    <span className="seg small-seg" role="group" aria-label={`${title} as`}>
      <button type="button" className={isJson ? '' : 'on'} aria-pressed={!isJson} onClick={() => setJson(false)}>{messages ? 'Messages' : 'Values'}</button>
      <button type="button" className={isJson ? 'on' : ''} aria-pressed={isJson} onClick={() => setJson(true)}>JSON</button>
    </span>
  );
  return (
    <Part title={title} copy={value} acts={acts}>
      {isJson && !isPlain ? <Words text={jsonOf(value)} isCode /> : messages ? <><Messages of={messages} /><Rest value={value} /></> : <ValueView value={value} name={title} />}
    </Part>
  );
}

const CONVERSATION = new Set(['messages', 'input', 'output', 'contents', 'choices', 'candidates', 'role', 'content', 'type', 'parts', 'tool_calls']);

/** What stands beside the messages: the model, its settings. */
function Rest({ value }: { value: unknown }) {
  const rest = isRecord(value) ? Object.entries(value).filter(([key, each]) => !CONVERSATION.has(key) && each !== null) : [];
  return rest.length === 0 ? null : <details className="rest"><summary>{counted(rest.length, 'more value')}</summary><Pairs pairs={Object.fromEntries(rest)} /></details>;
}

const Pairs = ({ pairs }: { pairs: Readonly<Record<string, unknown>> }) => <Entries entries={Object.entries(pairs)} />;

const MOST_EVENTS = 50;

function Events({ events, start_ns }: { events: readonly SpanEvent[]; start_ns: number }) {
  const [isWhole, setWhole] = useState(false);
  return (
    <>
      <ol className="span-events">
        {(isWhole ? events : events.slice(0, MOST_EVENTS)).map(({ name, time_ns, attributes }, index) => (
          <li key={index}>
            <p className="row"><b className="b cut">{name}</b><span className="grow" />{time_ns !== undefined && <span className="muted small">after {spanTime(Math.max(0, time_ns - start_ns))}</span>}</p>
            {Object.keys(attributes).length > 0 && <Pairs pairs={Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, valueOf(value)]))} />}
          </li>
        ))}
      </ol>
      {!isWhole && events.length > MOST_EVENTS && <button type="button" className="btn small" onClick={() => setWhole(true)}><Icon name="down" />Show all {count(events.length)}</button>}
    </>
  );
}
