import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { runQuery } from '../../api/mlflow';
import { writeFigure } from '../../charts/figure';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { messageOf, Notice, Skeleton } from '../../ui/parts';
import { agoOf, lasted, momentOf } from '../experiments/when';
import { usePhone } from '../tasks/use-phone';
import { RunState } from './run-columns';

interface PreviewProps {
  workspace: number;
  id: string;
  onClose: () => void;
  onStep: (by: -1 | 1) => void;
}

const MOST_SHOWN = 60;

/** One run beside the table: how it stands, its metrics and its parameters. */
export function RunPreview({ workspace, id, onClose, onStep }: PreviewProps) {
  const run = useQuery(runQuery(workspace, id)).data;
  const isPhone = usePhone();
  const title = run?.info.run_name || 'Run';
  const panel = <Panel workspace={workspace} id={id} onClose={onClose} onStep={onStep} title={title} isAlone={!isPhone} />;
  return isPhone ? <Dialog title={title} onClose={onClose}><div className="preview-sheet">{panel}</div></Dialog> : panel;
}

function Panel({ workspace, id, onClose, onStep, title, isAlone }: PreviewProps & { title: string; isAlone: boolean }) {
  const run = useQuery(runQuery(workspace, id));
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => { body.current?.scrollTo({ top: 0 }); }, [id]);
  const { info, data } = run.data ?? {};
  return (
    <aside className="preview" aria-label={`Run ${title}`} onKeyDown={(event) => { if (event.key === 'Escape' && isAlone) onClose(); }}>
      {isAlone && (
        <header>
          <h2 className="cut" style={{ flex: 1 }}>{title}</h2>
          <button type="button" className="btn ghost icon small" aria-label="Previous run" onClick={() => onStep(-1)}><Icon name="up" /></button>
          <button type="button" className="btn ghost icon small" aria-label="Next run" onClick={() => onStep(1)}><Icon name="down" /></button>
          <button type="button" className="btn ghost icon small" aria-label="Close" onClick={onClose}><Icon name="close" /></button>
        </header>
      )}
      <div className="preview-body" ref={body} tabIndex={0} role="region" aria-label="What it logged">
        {run.isError && <Notice tone="bad">{messageOf(run.error)}</Notice>}
        {run.isPending && <><Skeleton width="60%" /><Skeleton width="80%" /><Skeleton width="50%" /></>}
        {info && <p className="row wrap"><RunState status={info.status} /><span className="muted" title={momentOf(info.start_time)}>{agoOf(info.start_time)} ago</span><span className="muted">{lasted(info.start_time, info.end_time)}</span></p>}
        {data && <Pairs title="Metrics" pairs={(data.metrics ?? []).filter(({ key }) => !key.startsWith('system/')).map(({ key, value }) => [key, writeFigure(value)])} />}
        {data && <Pairs title="Parameters" pairs={(data.params ?? []).map(({ key, value }) => [key, value])} />}
      </div>
      <footer><Link className="btn" to="/runs/$runId" params={{ runId: id }} search={{ w: workspace }}>Open the run</Link></footer>
    </aside>
  );
}

const Pairs = ({ title, pairs }: { title: string; pairs: ReadonlyArray<readonly [key: string, value: string]> }) => (pairs.length === 0 ? null : (
  <section className="sec">
    <h3>{title}</h3>
    <dl className="kv">{pairs.slice(0, MOST_SHOWN).map(([key, value]) => <div key={key} style={{ display: 'contents' }}><dt className="cut" title={key}>{key}</dt><dd>{value}</dd></div>)}</dl>
    {pairs.length > MOST_SHOWN && <p className="muted small">and {pairs.length - MOST_SHOWN} more on the page of the run</p>}
  </section>
));
