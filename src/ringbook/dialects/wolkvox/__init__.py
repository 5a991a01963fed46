"""wolkvox Manager API v2: the campaign family, told apart by the parameter `api` (contracts/wolkvox.md)."""

from __future__ import annotations

from collections.abc import Sequence

from ringbook.dialects.wolkvox import agentbox, answers, campaigns, dnc, information, loading, records, reports, wire
from ringbook.dialects.wolkvox.asked import authenticate
from ringbook.dialects.wolkvox.errors import WORDING, problem
from ringbook.dialects.wolkvox.habits import as_clients_do
from ringbook.domain.access import Tenant
from ringbook.web.dialect import MEGABYTE, AnyOperation, Dialect, Limits, NotYet, Operation
from ringbook.web.rations import Rations

_BATCH = Limits(body=64 * MEGABYTE, seconds=60)
_AT_ONCE = 2
_A_DAY_PER_LICENCE = 1000

_CAMPAIGN = "/api/v2/campaign.php?api="
_INFORMATION = "/api/v2/information.php?api="
_REAL_TIME = "/api/v2/real_time.php?api="
_REPORTS = "/api/v2/reports_manager.php?api="
_CONFIGURATION = "/api/v2/configuration.php?api="
_AGENTBOX = "/api/v2/agentbox.php?api="

CAMPAIGN: Sequence[AnyOperation] = (
    Operation(
        "POST",
        f"{_CAMPAIGN}add_dnc",
        dnc.add_to_campaigns,
        "Bar numbers, for days or for good",
        query=dnc.NoQuery,
        body=list[dnc.Blocked],
        status=201,
        limits=_BATCH,
        answer=answers.BLOCKED,
    ),
    Operation(
        "POST",
        f"{_CAMPAIGN}add_record",
        loading.add_record,
        "Load records, predictive or preview",
        query=loading.LoadQuery,
        body=list[wire.Unread],
        status=201,
        limits=_BATCH,
        answer=answers.LoadedAnswer,
    ),
    Operation(
        "DELETE",
        f"{_CAMPAIGN}clear_campaign",
        records.clear_campaign,
        "Remove all records, or those of a result",
        query=records.ResultQuery,
        status=202,
        answer=answers.Done,
    ),
    Operation(
        "POST",
        f"{_CAMPAIGN}create_campaign",
        campaigns.create_campaign,
        "Make a campaign",
        query=campaigns.CreateQuery,
        body=campaigns.CreateBody,
        status=201,
        answer=answers.CREATED,
    ),
    Operation(
        "PUT",
        f"{_CAMPAIGN}codify",
        records.codify,
        "Note an activity code: the record is not called any more",
        query=wire.Query,
        body=records.CodifyBody,
        status=202,
        answer=answers.Done,
    ),
    Operation(
        "GET",
        f"{_CAMPAIGN}detail",
        records.detail,
        "What became of records in a range of dates",
        query=records.DetailQuery,
        answer=answers.DETAIL,
    ),
    Operation(
        "PUT",
        f"{_CAMPAIGN}recall",
        records.recall,
        "Have a record called at a moment",
        query=wire.Query,
        body=records.RecallBody,
        status=202,
        answer=answers.Done,
    ),
    Operation(
        "DELETE",
        f"{_CAMPAIGN}remove_record",
        records.remove_record,
        "Remove the records of some customers",
        query=records.ResultQuery,
        body=records.CustomersBody,
        status=202,
        answer=answers.Done,
    ),
    Operation(
        "PUT",
        f"{_CAMPAIGN}speed",
        campaigns.speed,
        "Set how fast a campaign dials",
        query=wire.Query,
        body=campaigns.SpeedBody,
        status=202,
        answer=answers.Done,
    ),
    Operation(
        "PUT",
        f"{_CAMPAIGN}start",
        campaigns.start,
        "Start a campaign",
        query=wire.Query,
        status=202,
        answer=answers.Done,
    ),
    Operation(
        "PUT", f"{_CAMPAIGN}stop", campaigns.stop, "Stop a campaign", query=wire.Query, status=202, answer=answers.Done
    ),
    Operation(
        "GET",
        f"{_CAMPAIGN}find_record",
        loading.find_record,
        "Find records",
        query=loading.FindQuery,
        answer=answers.FOUND,
    ),
    Operation(
        "DELETE",
        f"{_CAMPAIGN}delete_campaign",
        campaigns.delete_campaign,
        "Delete campaigns, with the lists that are theirs alone",
        query=wire.Query,
        body=campaigns.DeleteBody,
        answer=answers.Done,
    ),
    Operation(
        "PUT",
        f"{_CAMPAIGN}campaign_filter",
        records.campaign_filter,
        "Call only records that meet conditions",
        query=wire.Query,
        body=records.FilterBody,
        answer=answers.FilterAnswer,
    ),
    Operation(
        "GET",
        f"{_CAMPAIGN}campaign_15",
        records.campaign_15,
        "Export a campaign",
        query=wire.Query,
        answer=answers.ExportAnswer,
    ),
    Operation(
        "PUT",
        f"{_CAMPAIGN}recall_records",
        records.recall_records,
        "Make records clean that have a result or a code",
        query=wire.Query,
        body=records.RenewBody,
        answer=answers.RENEWED,
    ),
    Operation(
        "PUT",
        f"{_CAMPAIGN}edit_campaign",
        campaigns.edit_campaign,
        "Change a campaign",
        query=wire.Query,
        body=campaigns.EditBody,
        answer=answers.EditAnswer,
    ),
)

INFORMATION: Sequence[AnyOperation] = (
    Operation(
        "GET",
        f"{_INFORMATION}campaigns",
        information.campaigns,
        "Campaigns",
        query=information.CampaignsQuery,
        answer=answers.CAMPAIGNS,
    ),
    Operation(
        "GET",
        f"{_INFORMATION}skills",
        information.skills,
        "Declared skills",
        query=information.SkillsQuery,
        answer=answers.SKILLS,
    ),
    Operation(
        "GET",
        f"{_INFORMATION}agents",
        information.agents,
        "Declared agents",
        query=information.AgentsQuery,
        answer=answers.AGENTS,
    ),
    Operation(
        "GET",
        f"{_INFORMATION}activity_codes",
        information.activity_codes,
        "Declared activity codes",
        query=information.CodesQuery,
        answer=answers.CODES,
    ),
    Operation(
        "GET",
        f"{_INFORMATION}token_info",
        information.token_info,
        "What is used of the day's requests",
        query=information.NoQuery,
        answer=answers.TOKEN,
    ),
    Operation(
        "GET", f"{_INFORMATION}get_dnc", dnc.get_dnc, "Barred numbers", query=dnc.GetQuery, answer=answers.BARRED
    ),
    NotYet("GET", f"{_INFORMATION}agents_in_skill", "Ringbook does not know which agent has which skill"),
    NotYet("GET", f"{_INFORMATION}audit_log", "its rows have addresses and workstations, which no journal here has"),
    NotYet("GET", f"{_INFORMATION}routing_points", "Ringbook routes no calls"),
    NotYet("GET", f"{_INFORMATION}connectors", "Ringbook has no connectors"),
    NotYet("GET", f"{_INFORMATION}services", "Ringbook has no services"),
    NotYet("GET", f"{_INFORMATION}law2300_info", "contact hours by Colombian law are not modelled"),
    NotYet("GET", f"{_INFORMATION}get_ip", "Ringbook has no firewall of its own"),
    NotYet("GET", f"{_INFORMATION}get_notification", "Ringbook has no notifications of this kind"),
    NotYet("GET", f"{_INFORMATION}storage", "Ringbook stores no recordings"),
    NotYet("GET", f"{_INFORMATION}audio_list", "Ringbook plays no audio"),
)

REAL_TIME: Sequence[AnyOperation] = (
    Operation(
        "GET",
        f"{_REAL_TIME}campaigns",
        information.live_campaigns,
        "How far campaigns are",
        query=information.LiveQuery,
        answer=answers.LIVE,
    ),
    Operation(
        "GET",
        f"{_REAL_TIME}recall",
        information.live_recalls,
        "Calls that are promised",
        query=information.RecallsQuery,
        answer=answers.RECALLS,
    ),
)

REPORTS: Sequence[AnyOperation] = (
    *(
        Operation("GET", f"{_REPORTS}{api}", handler, summary, query=reports.ReportQuery, answer=answers.REPORTS[api])
        for api, handler, summary in (
            ("campaign_1", reports.campaign_1, "Records by final machine result"),
            ("campaign_2", reports.campaign_2, "Records by activity code"),
            ("campaign_3", reports.campaign_3, "Predictive campaigns phone by phone"),
            ("campaign_4", reports.campaign_4, "Attempts by result"),
            ("campaign_5", reports.campaign_5, "Preview campaigns call by call"),
            ("campaign_10", reports.campaign_10, "Called records by machine code"),
            ("cdr_1", reports.cdr_1, "Calls that were answered"),
            ("cdr_5", reports.cdr_5, "Calls that were not"),
            ("cdr_6", reports.cdr_6, "Calls by result"),
        )
    ),
    NotYet("GET", f"{_REPORTS}campaign_6", "what answering machine detection decided is not reported to Ringbook"),
    NotYet("GET", f"{_REPORTS}campaign_7", "what answering machine detection decided is not reported to Ringbook"),
    NotYet("GET", f"{_REPORTS}campaign_8", "machine recognitions are not kept by telephone"),
    NotYet("GET", f"{_REPORTS}campaign_9", "Ringbook sends no WhatsApp messages"),
)

CONFIGURATION: Sequence[AnyOperation] = (
    Operation(
        "POST",
        f"{_CONFIGURATION}add_dnc",
        dnc.add_dnc,
        "Bar numbers in a direction",
        query=dnc.NoQuery,
        body=dnc.AddBody,
        status=201,
        limits=_BATCH,
        answer=answers.Done,
    ),
    Operation(
        "DELETE",
        f"{_CONFIGURATION}remove_dnc",
        dnc.remove_dnc,
        "Bar numbers no more",
        query=dnc.NoQuery,
        body=dnc.RemoveBody,
        status=202,
        limits=_BATCH,
        answer=answers.Done,
    ),
    Operation(
        "PUT",
        f"{_CONFIGURATION}block_predictive_dnc",
        dnc.block_predictive_dnc,
        "Mark customers' records as barred",
        query=dnc.NoQuery,
        body=dnc.BlockBody,
        status=202,
        answer=answers.Done,
    ),
    NotYet("POST", f"{_CONFIGURATION}add_ip", "Ringbook has no firewall of its own"),
    NotYet("DELETE", f"{_CONFIGURATION}remove_ip", "Ringbook has no firewall of its own"),
)

AGENTBOX: Sequence[AnyOperation] = (
    Operation(
        "POST",
        f"{_AGENTBOX}recall",
        agentbox.recall,
        "Arrange a recall",
        query=agentbox.NoQuery,
        body=agentbox.RecallBody,
        rationed=False,
        answer=answers.Done,
    ),
    Operation(
        "PUT",
        f"{_AGENTBOX}edit_recall",
        agentbox.edit_recall,
        "Change a recall",
        query=agentbox.NoQuery,
        body=agentbox.EditBody,
        rationed=False,
        answer=answers.Done,
    ),
    Operation(
        "DELETE",
        f"{_AGENTBOX}delete_recall",
        agentbox.delete_recall,
        "Give a recall up",
        query=agentbox.NoQuery,
        body=agentbox.EditBody,
        rationed=False,
        answer=answers.Done,
    ),
    NotYet("POST", f"{_AGENTBOX}dial", "Ringbook makes no calls"),
    NotYet("POST", f"{_AGENTBOX}type", "Ringbook has no call that an agent could be in"),
    NotYet("POST", f"{_AGENTBOX}hang_type_ready", "Ringbook has no call that an agent could end"),
)


def a_day(tenant: Tenant) -> int | None:
    """Requests a day, of all tokens of the operation together."""
    return None if tenant.wolkvox_licences is None else tenant.wolkvox_licences * _A_DAY_PER_LICENCE


WOLKVOX = Dialect(
    name="wolkvox",
    title="wolkvox Manager API",
    prefixes=("/api/v2/",),
    operations=(*CAMPAIGN, *INFORMATION, *REAL_TIME, *REPORTS, *CONFIGURATION, *AGENTBOX),
    authenticate=authenticate,
    problem=problem,
    wording=WORDING,
    security={"token": {"type": "apiKey", "in": "header", "name": "wolkvox-token"}},
    wrap=as_clients_do,
    credential_first=True,
    rations=Rations(_AT_ONCE, a_day),
    decode=wire.decode,
)
