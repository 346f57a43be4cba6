"""What phones and trunks have in common as objects of PJSIP."""

from ccstate.adapters.asterisk.rows import unwritten, words

ACCOUNT = words({"userpass": "userpass"}, by_hand={"digest": "userpass"})
"""How a phone or a trunk logs in; Asterisk 22 has a second word for it (res_pjsip, auth)."""
ENDPOINT_DEFAULTS = unwritten(
    {
        "allow_subscribe": "yes",
        "allow_transfer": "yes",
        "device_state_busy_at": "0",
        "dtmf_mode": "rfc4733",
        "force_rport": "yes",
        "ice_support": "no",
        "inband_progress": "no",
        "language": "",
        "media_encryption": "no",
        "one_touch_recording": "no",
        "rewrite_contact": "no",
        "rtp_symmetric": "no",
        "rtp_timeout": "0",
        "send_pai": "no",
        "send_rpid": "no",
        "trust_id_inbound": "no",
        "trust_id_outbound": "no",
        "use_avpf": "no",
    },
    "endpoint",
)
"""Options of endpoints that hand-written files often have, with what Asterisk 16.28 and 22.10 show where
nobody writes them; the rows of a kind go before."""
