"""Call tests as real calls: placed by SIP, watched by AMI, compared with what was walked.

caller         what a call is, and the port to the SIP client that places it
sipp           that port, by sipp, which plays scenario.xml
observed_call  AMI events as what happened to each call, in the words of journeys
run            the call tests of a project, many calls side by side
"""
