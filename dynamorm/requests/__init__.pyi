"""The names that `__init__.py` loads when they are first used, for type checkers and editors."""

from ..api import encode as encode
from .backups import create_backup as create_backup
from .backups import delete_backup as delete_backup
from .backups import describe_backup as describe_backup
from .backups import list_backups as list_backups
from .backups import restore_table_from_backup as restore_table_from_backup
from .backups import restore_table_to_point_in_time as restore_table_to_point_in_time
from .s3 import cancel_bulk_operation as cancel_bulk_operation
from .s3 import describe_bulk_operation as describe_bulk_operation
from .s3 import describe_export as describe_export
from .s3 import describe_import as describe_import
from .s3 import export_table_to_point_in_time as export_table_to_point_in_time
from .s3 import import_table as import_table
from .s3 import list_bulk_operations as list_bulk_operations
from .s3 import list_exports as list_exports
from .s3 import list_imports as list_imports
from .s3 import start_bulk_put_items as start_bulk_put_items
from .settings import delete_resource_policy as delete_resource_policy
from .settings import describe_continuous_backups as describe_continuous_backups
from .settings import describe_contributor_insights as describe_contributor_insights
from .settings import (
    describe_kinesis_streaming_destination as describe_kinesis_streaming_destination,
)
from .settings import describe_time_to_live as describe_time_to_live
from .settings import disable_kinesis_streaming_destination as disable_kinesis_streaming_destination
from .settings import enable_kinesis_streaming_destination as enable_kinesis_streaming_destination
from .settings import get_resource_policy as get_resource_policy
from .settings import list_tags_of_resource as list_tags_of_resource
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
from .tables import list_tables as list_tables
from .updates import update_table as update_table
