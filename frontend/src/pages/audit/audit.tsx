import { useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { sessionQuery } from '../../api/session';
import { Top } from '../../app/top';
import { may, useWorkspace } from '../../app/workspace';
import { Empty } from '../../ui/parts';
import { AuditLog } from './log';

/** Who did what that others should be able to look up? */
export function Audit() {
  const workspace = useWorkspace();
  const admin = useSuspenseQuery(sessionQuery).data.user?.is_admin ?? false;
  const manages = may(workspace, 'manage');
  const [everywhere, setEverywhere] = useState(admin && !manages);
  const filter = useSearch({ from: '/inside/audit-log' });
  const navigate = useNavigate();
  if (!admin && !manages) return <><Top title="Audit log" /><Empty title="The audit log is for managers">A manager of the workspace can look up who was given what, and who deleted what.</Empty></>;
  return (
    <>
      <Top title="Audit log">
        <span className="grow" />
        {admin && manages && (
          <span className="seg" role="group" aria-label="Of what">
            <button type="button" className={everywhere ? '' : 'on'} aria-pressed={!everywhere} onClick={() => setEverywhere(false)}>{workspace?.title}</button>
            <button type="button" className={everywhere ? 'on' : ''} aria-pressed={everywhere} onClick={() => setEverywhere(true)}>Everything</button>
          </span>
        )}
      </Top>
      <AuditLog workspace={everywhere ? undefined : workspace?.id} filter={filter} onFilter={(search) => void navigate({ to: '/audit-log', search, replace: true })} />
    </>
  );
}
