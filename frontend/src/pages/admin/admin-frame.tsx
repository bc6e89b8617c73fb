import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';
import { sessionQuery } from '../../api/session';
import { Top } from '../../app/top';
import { Empty } from '../../ui/parts';
import './admin.css';

/** What the pages of administration share: who may see them, and the way from one to the other. */
export function AdminFrame() {
  const { user } = useSuspenseQuery(sessionQuery).data;
  if (!user?.is_admin) return <><Top title="Administration" /><Empty title="These pages are for organisation admins">The people and service accounts of your workspace are under <Link to="/members" className="link">Members</Link>.</Empty></>;
  return <Outlet />;
}

/** The tabs below the bar of each of them. */
export const AdminTabs = () => (
  <nav className="tabs" aria-label="Administration">
    <Link to="/admin/people">People</Link>
    <Link to="/admin/workspaces">Workspaces</Link>
    <Link to="/admin/tokens">Tokens</Link>
    <Link to="/admin/service-accounts">Service accounts</Link>
    <Link to="/admin/audit">Audit log</Link>
    <Link to="/admin/set-up">Set-up check</Link>
  </nav>
);
