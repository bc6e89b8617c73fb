import type { Repo } from '../../api/repos';
import { s3Endpoint } from '../../api/s3-keys';
import { CopyLine } from '../../ui/copy-line';
import { Icon } from '../../ui/icon';
import { Empty } from '../../ui/parts';
import { qualified } from './names';

/** A repo without a commit, and the three ways to the first one. */
export function EmptyRepo({ repo, onAdd }: { repo: Repo; onAdd: () => void }) {
  return (
    <div className="empty-repo">
      <Empty
        art={<Icon name="folder" size={28} />} title={repo.may_write ? 'Drop the first files here' : 'Nothing is in this repo yet'}
        acts={repo.may_write && <button type="button" className="btn primary large" onClick={onAdd}><Icon name="upload" />Add files</button>}
      >
        {repo.may_write ? 'Pictures, texts, tables, whole folders: they become one commit. Or send them from a terminal or any program that speaks S3.' : 'Whoever may write to it can add files.'}
      </Empty>
      {repo.may_write && (
        <dl className="ways">
          <div><dt>From a terminal</dt><dd><CopyLine text={`treadle put ${qualified(repo)}@master:/ -r FOLDER`} /></dd></div>
          <div><dt>With any S3 program</dt><dd><CopyLine text={`aws s3 cp --recursive FOLDER s3://master.${repo.name}.${repo.workspace.name}/ --endpoint-url ${s3Endpoint()}`} /></dd></div>
        </dl>
      )}
    </div>
  );
}

export const EmptyFolder = ({ folder, writes, onAdd }: { folder: string; writes: boolean; onAdd: () => void }) => (
  <Empty art={<Icon name="folder" size={28} />} title={folder ? `Nothing is in ${folder}` : 'No files here'} acts={writes && <button type="button" className="btn" onClick={onAdd}><Icon name="upload" />Add files</button>}>
    {writes ? 'Drop files or folders to add them.' : 'Choose another branch or tag to see other files.'}
  </Empty>
);
