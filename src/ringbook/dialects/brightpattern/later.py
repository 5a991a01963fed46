"""Bright Pattern's third generation, operation by operation, and why it is not here yet.

Its lists, formats and campaigns have GUIDs, and a list inside a campaign is an instance of its own; Ringbook has
names and integers, and a binding without a life of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringbook.web.dialect import NotYet

_PREFIX = "/configapi/v3"

_IDS = "v3 names lists and campaigns by GUIDs, which Ringbook does not hand out yet"
_INSTANCES = "v3 binds a list to a campaign as an instance with properties of its own"
_FORMATS = "v3 has list formats that several lists share"
_CURSORS = "v3 pages by cursors over instances of lists"
_DNC = "v3 do-not-call lists have GUIDs, expiry rules and campaigns of their own"
_DIALER = "it sets up a dialer, which Ringbook is not"

_OPERATIONS: Sequence[tuple[str, str, str]] = (
    ("POST", "/oauth/token", "there is no v3 operation that would take the token"),
    ("GET", "/campaign/getAll", _IDS),
    ("GET", "/campaign/getCampaign/{id}", _INSTANCES),
    ("GET", "/campaign/getStatus/{id}", _IDS),
    ("POST", "/campaign/start/{id}", _IDS),
    ("POST", "/campaign/stop/{id}", _IDS),
    ("POST", "/campaign/bindList/{id}", _INSTANCES),
    ("PATCH", "/campaign/updateList/{id}", _INSTANCES),
    ("POST", "/campaign/unbindList/{id}", _INSTANCES),
    ("POST", "/campaign/queryRecord/{id}", _INSTANCES),
    ("POST", "/campaign/getAllRecords/{id}", _CURSORS),
    ("POST", "/campaign/getCompletedRecords/{id}", _CURSORS),
    ("POST", "/campaign/getUpdatedRecords/{id}", _CURSORS),
    ("POST", "/callinglist/add/{id}", _IDS),
    ("POST", "/callinglist/addAll/{id}", _IDS),
    ("POST", "/callinglist/update/{id}", _IDS),
    ("POST", "/callinglist/updateAll/{id}", _IDS),
    ("POST", "/callinglist/get/{list_id}/{campaign_id}", _IDS),
    ("POST", "/callinglist/getChanged/{list_id}/{campaign_id}", _IDS),
    ("POST", "/callinglist/getAll/{list_id}/{campaign_id}", _IDS),
    ("POST", "/callinglist/fetch/{id}", _IDS),
    ("POST", "/callinglist/fetchAll/{id}", _CURSORS),
    ("POST", "/callinglist/delete/{id}", _IDS),
    ("POST", "/callinglist/erase/{id}", _IDS),
    ("POST", "/callinglist/deleteAll/{id}", _IDS),
    ("POST", "/callinglist/getAll", _FORMATS),
    ("GET", "/callinglist/getList/{id}", _FORMATS),
    ("DELETE", "/callinglist/deleteList/{id}", _FORMATS),
    ("POST", "/callinglist/createList", _FORMATS),
    ("POST", "/callinglist/createListWithNewFormat", _FORMATS),
    ("PATCH", "/callinglist/updateListProperties/{id}", "lists of Ringbook do not expire"),
    ("POST", "/donotcalllist/add/{id}", _DNC),
    ("POST", "/donotcalllist/addAll/{id}", _DNC),
    ("POST", "/donotcalllist/replaceAll/{id}", _DNC),
    ("POST", "/donotcalllist/delete/{id}", _DNC),
    ("POST", "/donotcalllist/deleteAll/{id}", _DNC),
    ("GET", "/donotcalllist/getAll", _DNC),
    ("GET", "/donotcalllist/getDNCList/{id}", _DNC),
    ("GET", "/donotcalllist/getDNCRecords/{id}", _DNC),
    ("POST", "/donotcalllist/createDNCList", _DNC),
    ("PATCH", "/donotcalllist/updateDNCProperties/{id}", _DNC),
    ("DELETE", "/donotcalllist/deleteDNCList/{id}", _DNC),
    ("POST", "/campaign/bindDNCList/{id}", _DNC),
    ("POST", "/campaign/unbindDNCList/{id}", _DNC),
    ("GET", "/job/{id}", "nothing in Ringbook is done as a job that is asked for later"),
    ("DELETE", "/campaign/deleteCampaign/{id}", _DIALER),
    ("POST", "/campaign/duplicateCampaign/{id}", _DIALER),
    ("POST", "/campaign/linkCampaign/{id}", _DIALER),
    ("POST", "/campaign/unlinkCampaign/{id}", _DIALER),
    ("POST", "/campaign/addDisposition/{id}", _DIALER),
    ("POST", "/campaign/addDispositions/{id}", _DIALER),
    ("PATCH", "/campaign/updateDisposition/{id}", _DIALER),
    ("POST", "/campaign/deleteDispositions/{id}", _DIALER),
    ("POST", "/campaign/assignCallerIds/{id}", _DIALER),
    ("POST", "/campaign/unassignCallerIds/{id}", _DIALER),
    ("POST", "/campaign/assignTeams/{id}", _DIALER),
    ("POST", "/campaign/unassignTeams/{id}", _DIALER),
    ("PATCH", "/campaign/updateCallerIDSettings/{id}", _DIALER),
    ("PATCH", "/campaign/updateGeneralSettings/{id}", _DIALER),
    ("POST", "/campaignlinkgroup/getAll", _DIALER),
    ("POST", "/campaignlinkgroup/createLinkGroup", _DIALER),
    ("GET", "/campaignlinkgroup/getLinkGroup/{id}", _DIALER),
    ("DELETE", "/campaignlinkgroup/deleteLinkGroup/{id}", _DIALER),
)

V3: Sequence[NotYet] = tuple(NotYet(method, _PREFIX + path, why) for method, path, why in _OPERATIONS)
