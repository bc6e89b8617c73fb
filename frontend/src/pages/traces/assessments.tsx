import type { Assessment, TraceInfo } from '../../api/traces';
import { Icon } from '../../ui/icon';
import { Empty, Pill } from '../../ui/parts';
import { agoOf, momentOf } from '../experiments/when';

/** What an assessment says, in a few words: "yes", "0.8", what failed. */
export function valueWords({ feedback, expectation, issue }: Assessment): string {
  if (issue) return issue.issue_name ?? 'issue';
  if (feedback?.error) return feedback.error.error_code || feedback.error.error_message || 'failed';
  const value = feedback ? feedback.value : (expectation?.serialized_value?.value ?? expectation?.value);
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (value === null || value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const SOURCES: Readonly<Record<string, string>> = { HUMAN: 'a person', LLM_JUDGE: 'a judge', CODE: 'a program' };

/** Who said it: "mina", or what it was. */
const sourceOf = ({ source }: Assessment): string => source?.source_id || (SOURCES[source?.source_type ?? ''] ?? '–');
const kindOf = ({ feedback, issue }: Assessment): string => (issue ? 'Issue' : feedback ? 'Feedback' : 'Expected');

/** What people, judges and programs said of a trace or a span; what was said anew stands behind. */
export function AssessmentList({ of, spanName }: { of: readonly Assessment[]; spanName?: (id: string) => string | undefined }) {
  return (
    <ul className="assessments">
      {of.map((each, index) => (
        <li key={each.assessment_id ?? index} className={each.valid === false ? 'past' : ''}>
          <div className="row wrap">
            <b className="b">{each.assessment_name}</b><Pill tone={each.feedback?.error ? 'bad' : ''}>{kindOf(each)}</Pill>
            <span className="said">{valueWords(each)}</span>
            {each.valid === false && <span className="muted small">said anew since</span>}
            <span className="grow" />
            <span className="muted small">{sourceOf(each)}{each.create_time && <span title={momentOf(Date.parse(each.create_time))}> · {agoOf(Date.parse(each.create_time))}</span>}</span>
          </div>
          {each.span_id && spanName && <p className="muted small">of the span {spanName(each.span_id) ?? each.span_id}</p>}
          {each.rationale && <p className="note-text">{each.rationale}</p>}
          {each.feedback?.error?.error_message && <p className="bad note-text">{each.feedback.error.error_message}</p>}
        </li>
      ))}
    </ul>
  );
}

/** All that was said of a trace. */
export function Feedback({ trace, spanName }: { trace: TraceInfo; spanName: (id: string) => string | undefined }) {
  const all = trace.assessments ?? [];
  if (all.length === 0) return <Empty art={<Icon name="note" size={28} />} title="No feedback yet">mlflow.log_feedback(…) and mlflow.log_expectation(…) keep here what people, judges and programs say of it.</Empty>;
  return <div className="scroll"><div className="narrow"><section className="card" aria-label="Feedback"><AssessmentList of={all} spanName={spanName} /></section></div></div>;
}
