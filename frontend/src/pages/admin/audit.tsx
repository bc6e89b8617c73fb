import { useNavigate, useSearch } from '@tanstack/react-router';
import { Top } from '../../app/top';
import { AuditLog } from '../audit/log';
import { AdminTabs } from './admin-frame';

/** Who did what, anywhere on this server? */
export function AdminAudit() {
  const filter = useSearch({ from: '/inside/admin/audit' });
  const navigate = useNavigate();
  return (
    <>
      <Top crumb="Administration" title="Audit log" />
      <AdminTabs />
      <AuditLog workspace={undefined} filter={filter} onFilter={(search) => void navigate({ to: '/admin/audit', search, replace: true })} />
    </>
  );
}
