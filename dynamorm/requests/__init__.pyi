"""The names that `__init__.py` loads when they are first used, for type checkers and editors."""

from ..api import encode as encode
from ..api.backups import DeleteBackupInput, DescribeBackupInput
from ..api.s3 import (
    CancelBulkOperationInput,
    DescribeBulkOperationInput,
    DescribeExportInput,
    DescribeImportInput,
    ListBulkOperationsInput,
    ListExportsInput,
    ListImportsInput,
)
from ..api.settings import (
    DeleteResourcePolicyInput,
    GetResourcePolicyInput,
    ListTagsOfResourceInput,
)
from ..api.tables import ListTablesInput
from .backups import create_backup as create_backup
from .backups import list_backups as list_backups
from .backups import restore_table_from_backup as restore_table_from_backup
from .backups import restore_table_to_point_in_time as restore_table_to_point_in_time
from .s3 import export_table_to_point_in_time as export_table_to_point_in_time
from .s3 import import_table as import_table
from .s3 import start_bulk_put_items as start_bulk_put_items
from .settings import describe_continuous_backups as describe_continuous_backups
from .settings import describe_contributor_insights as describe_contributor_insights
from .settings import (
    describe_kinesis_streaming_destination as describe_kinesis_streaming_destination,
)
from .settings import describe_time_to_live as describe_time_to_live
from .settings import disable_kinesis_streaming_destination as disable_kinesis_streaming_destination
from .settings import enable_kinesis_streaming_destination as enable_kinesis_streaming_destination
from .settings import put_resource_policy as put_resource_policy
from .settings import tag_resource as tag_resource
from .settings import untag_resource as untag_resource
from .settings import update_continuous_backups as update_continuous_backups
from .settings import update_contributor_insights as update_contributor_insights
from .settings import update_kinesis_streaming_destination as update_kinesis_streaming_destination
from .settings import update_time_to_live as update_time_to_live
from .tables import create_table as create_table
from .tables import delete_table as delete_table
from .tables import describe_table as describe_table
from .updates import update_table as update_table

cancel_bulk_operation = CancelBulkOperationInput
delete_backup = DeleteBackupInput
delete_resource_policy = DeleteResourcePolicyInput
describe_backup = DescribeBackupInput
describe_bulk_operation = DescribeBulkOperationInput
describe_export = DescribeExportInput
describe_import = DescribeImportInput
get_resource_policy = GetResourcePolicyInput
list_bulk_operations = ListBulkOperationsInput
list_exports = ListExportsInput
list_imports = ListImportsInput
list_tables = ListTablesInput
list_tags_of_resource = ListTagsOfResourceInput
