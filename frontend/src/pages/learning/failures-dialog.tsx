import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { address } from '../../api/addresses';
import { type Backend, prelabelFailuresQuery, startPrelabel } from '../../api/learning';
import type { Project } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { ago, counted, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { useLearningAct } from './use-learning';

interface Props {
  project: Project;
  backend: Backend;
  edits: boolean;
  onClose: () => void;
}

/** The tasks that the model could not be asked for, with the reason of each. */
export function FailuresDialog({ project, backend, edits, onClose }: Props) {
  const [page, setPage] = useState(1);
  const failures = useQuery({ ...prelabelFailuresQuery(project.id, backend.id, page), placeholderData: (before) => before });
  const again = useLearningAct(project.id, (task: number | undefined) => startPrelabel(project.id, backend.id, 'failed', task === undefined ? undefined : [task]), ({ total }) => say(`The model is asked again for ${counted(total, 'task')}.`));
  const { total = 0, failures: found = [] } = failures.data ?? {};
  const isMore = page * Math.max(1, found.length) < total && found.length > 0;
  const foot = <>{edits && total > 0 && <button type="button" className="btn" disabled={again.isPending} onClick={() => again.mutate(undefined)}><Icon name="again" />Ask again for all {counted(total, 'task')}</button>}<span className="grow" />{(page > 1 || isMore) && <><button type="button" className="btn ghost" disabled={page === 1} onClick={() => setPage(page - 1)}>Previous</button><button type="button" className="btn ghost" disabled={!isMore} onClick={() => setPage(page + 1)}>Next</button></>}</>;
  return (
    <Dialog title="What failed, and why" onClose={onClose} foot={foot} wide>
      {failures.isError && <Failure error={failures.error} retry={() => void failures.refetch()} what="The list" />}
      {failures.isPending && <Skeleton width="60%" />}
      {failures.isSuccess && total === 0 && <p className="two">Nothing failed.</p>}
      <ul className="lines failures" aria-label="Failed tasks">
        {found.map(({ task, problem, tries, at }, index) => (
          <li key={task} className="row">
            <a className="link" href={address(`projects/${project.id}/label?task=${task}`)}>Task {task}</a>
            <span className="grow failure-why">{problem === found[index - 1]?.problem ? <span className="two">For the same reason</span> : problem}<span className="muted small"> · <span title={moment(at)}>{ago(at) === 'now' ? 'just now' : `${ago(at)} ago`}</span>{tries > 1 && `, tried ${counted(tries, 'time')}`}</span></span>
            {edits && <button type="button" className="btn small" disabled={again.isPending} aria-label={`Ask again for task ${task}`} onClick={() => again.mutate(task)}><Icon name="again" />Again</button>}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
