"""Horizon's settings, with what Debian's package says and what a test gives: no file of the machine's is changed."""
import os
import sys
import types

given = types.ModuleType("local.local_settings")
given.__dict__.update(
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY=os.environ["HORIZON_SECRET"],
    OPENSTACK_KEYSTONE_URL=os.environ["KEYSTONE_URL"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    TIME_ZONE="UTC",
    # There is no network service, which Horizon asks unless it is told so.
    OPENSTACK_NEUTRON_NETWORK={
        "enable_quotas": False,
        "enable_router": False,
        "enable_rbac_policy": False,
        "enable_fip_topology_check": False,
    },
)
package = types.ModuleType("local")
package.__path__ = []
sys.modules["local"] = package
sys.modules["local.local_settings"] = given

from openstack_dashboard.settings import *  # noqa: E402,F401,F403
