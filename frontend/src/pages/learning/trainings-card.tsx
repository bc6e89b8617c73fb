import { useState } from 'react';
import type { Training } from '../../api/learning';
import { ago, moment } from '../../ui/format';
import { Pill } from '../../ui/parts';
import { causeOf, score, stateOfTraining } from './words';

const FIRST = 5;

/** All trainings of the model, to look at an earlier one. */
export function TrainingsCard({ trainings, shown, onShow }: { trainings: readonly Training[]; shown: number | undefined; onShow: (id: number) => void }) {
  const [isWhole, setWhole] = useState(false);
  if (trainings.length < 2) return null;
  const listed = isWhole ? trainings : trainings.slice(0, FIRST);
  return (
    <section className="card" aria-labelledby="trainings">
      <h2 id="trainings">Trainings</h2>
      <ul className="trainings">
        {listed.map((each, at) => {
          const { word, tone } = stateOfTraining(each);
          const when = each.ended_at ?? each.started_at ?? each.created_at;
          return (
            <li key={each.id}>
              <button type="button" className={each.id === shown ? 'training-row on' : 'training-row'} aria-current={each.id === shown ? 'true' : undefined} onClick={() => onShow(each.id)}>
                <b className="b">{each.version ? `Version ${each.version.number}` : `Training ${trainings.length - at}`}</b>
                {each.state !== 'completed' && <Pill tone={tone}>{word}</Pill>}
                {each.evaluation?.value != null && <span className="muted">{score(each.evaluation.value)}</span>}
                <span className="grow cut muted small">{causeOf(each)}</span>
                <span className="muted" title={moment(when)}>{ago(when) === 'now' ? 'now' : `${ago(when)} ago`}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {trainings.length > FIRST && <button type="button" className="btn ghost small" onClick={() => setWhole(!isWhole)}>{isWhole ? 'Show fewer' : `Show all ${trainings.length}`}</button>}
    </section>
  );
}
