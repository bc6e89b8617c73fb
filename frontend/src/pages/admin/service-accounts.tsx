import { Top } from '../../app/top';
import { ServiceAccounts } from '../members/service-accounts';
import { AdminTabs } from './admin-frame';

/** Which programs come in under a name of their own? */
export const AdminServiceAccounts = () => (
  <>
    <Top crumb="Administration" title="Service accounts" />
    <AdminTabs />
    <div className="table-scroll" role="region" aria-label="Service accounts" tabIndex={0}>
      <p className="two page-lead">Each belongs to one workspace, where its managers make it under Members. It has no password, and owns nothing.</p>
      <ServiceAccounts />
    </div>
  </>
);
