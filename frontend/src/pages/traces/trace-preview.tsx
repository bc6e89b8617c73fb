import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { metadataOf, nameOfTrace, tokensOfTrace, type TraceInfo, traceQuery } from '../../api/traces';
import { Dialog } from '../../ui/dialog';
import { count } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf, Notice, Skeleton } from '../../ui/parts';
import { agoOf, momentOf } from '../experiments/when';
import { usePhone } from '../tasks/use-phone';
import { AssessmentList } from './assessments';
import { msOf, traceTime, TraceStatePill } from './trace-columns';

interface PreviewProps {
  workspace: number;
  id: string;
  /** What the list already tells of it. */
  known: TraceInfo | undefined;
  onClose: () => void;
  onStep: (by: -1 | 1) => void;
}

/** One trace beside the table: what was asked and answered, and what is said of it. */
export function TracePreview({ workspace, id, known, onClose, onStep }: PreviewProps) {
  const asked = useQuery({ ...traceQuery(workspace, id), enabled: !known });
  const trace = known ?? asked.data;
  const isPhone = usePhone();
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => { body.current?.scrollTo({ top: 0 }); }, [id]);
  const title = trace ? nameOfTrace(trace) : 'Trace';
  const panel = (
    <aside className="preview" aria-label={`Trace ${title}`} onKeyDown={(event) => { if (event.key === 'Escape' && !isPhone) onClose(); }}>
      {!isPhone && (
        <header>
          <h2 className="cut" style={{ flex: 1 }}>{title}</h2>
          <button type="button" className="btn ghost icon small" aria-label="Previous trace" onClick={() => onStep(-1)}><Icon name="up" /></button>
          <button type="button" className="btn ghost icon small" aria-label="Next trace" onClick={() => onStep(1)}><Icon name="down" /></button>
          <button type="button" className="btn ghost icon small" aria-label="Close" onClick={onClose}><Icon name="close" /></button>
        </header>
      )}
      <div className="preview-body" ref={body} tabIndex={0} role="region" aria-label="What it tells">
        {!trace && asked.isError && <Notice tone="bad">{messageOf(asked.error)}</Notice>}
        {!trace && asked.isPending && <><Skeleton width="60%" /><Skeleton width="80%" /><Skeleton width="50%" /></>}
        {trace && <Told trace={trace} />}
      </div>
      <footer><Link className="btn" to="/traces/$traceId" params={{ traceId: id }} search={{ w: workspace }}>Open the trace</Link></footer>
    </aside>
  );
  return isPhone ? <Dialog title={title} onClose={onClose}><div className="preview-sheet">{panel}</div></Dialog> : panel;
}

const whenOf = (trace: TraceInfo): string => { const ago = agoOf(msOf(trace)); return ago === 'now' ? 'just now' : `${ago} ago`; };

function Told({ trace }: { trace: TraceInfo }) {
  const tokens = tokensOfTrace(trace);
  const pairs = ([
    ['Session', metadataOf(trace, 'mlflow.trace.session')], ['User', metadataOf(trace, 'mlflow.trace.user')], ...Object.entries(trace.tags ?? {}).filter(([key]) => !key.startsWith('mlflow.')),
  ] as ReadonlyArray<readonly [string, string | undefined]>).filter(([, value]) => value);
  return (
    <>
      <p className="row wrap"><TraceStatePill state={trace.state} /><span className="muted" title={momentOf(msOf(trace))}>{whenOf(trace)}</span><span className="muted">{traceTime(trace)}</span>{tokens && <span className="muted">{count(tokens.total)} tokens</span>}</p>
      {([['Request', trace.request_preview], ['Response', trace.response_preview]] as const).map(([title, text]) => text && <section key={title} className="sec"><h3>{title}</h3><p className="preview-words">{text}</p></section>)}
      {pairs.length > 0 && <section className="sec"><h3>Tags</h3><dl className="kv">{pairs.map(([key, value]) => <div key={key} style={{ display: 'contents' }}><dt className="cut" title={key}>{key}</dt><dd>{value}</dd></div>)}</dl></section>}
      {trace.assessments && trace.assessments.length > 0 && <section className="sec"><h3>Feedback</h3><AssessmentList of={trace.assessments} /></section>}
    </>
  );
}
