import os, random, traceback, logging, time
from collections import Counter, defaultdict
import pytest
from tests.repurchase.test_hostile_requests import rows, clients, status_of, ROUTES, hostile_requests
import tests.repurchase.test_hostile_requests as t
pytestmark = pytest.mark.django_db
def test_all(rows, clients):
    logging.disable(logging.CRITICAL)
    tries = list(hostile_requests.every(ROUTES, int(os.environ.get("TRYSEED","0"))))
    random.Random(1).shuffle(tries)
    only=os.environ.get("ONLY","")
    if only: tries=[x for x in tries if only in x.route]
    skip=os.environ.get("SKIPHOST")
    print(len(tries), len(ROUTES))
    end=time.time()+float(os.environ.get("SECS","120"))
    seen=Counter(); groups=defaultdict(list); slow=[]
    n=0
    for one in tries:
        if skip and one.family=="host": continue
        if time.time()>end: break
        n+=1
        b=time.time()
        try:
            got={}
            from django.core.signals import got_request_exception
            def keep(sender, request=None, **k):
                import sys; got['e']=sys.exc_info()
            got_request_exception.connect(keep)
            s=status_of(clients[one.persona], one, rows)
            got_request_exception.disconnect(keep)
        except Exception as e:
            import sys
            got['e']=sys.exc_info(); s=999
        if time.time()-b>1: slow.append((round(time.time()-b,1),one))
        seen[s]+=1
        if s>=500:
            e=got.get('e')
            if e and e[1]:
                tb=traceback.extract_tb(e[2])
                ours=[f for f in tb if '/edges/' in f.filename and '.venv' not in f.filename]
                last=tb[-1]
                k=(type(e[1]).__name__, str(e[1])[:150], str(ours[-1].filename[-40:])+':'+str(ours[-1].lineno) if ours else '', last.filename[-50:]+':'+str(last.lineno))
            else: k=(s,)
            groups[k].append(one)
    out=open('/tmp/fuzz.out','w')
    print('done',n,dict(seen),file=out)
    for k,v in sorted(groups.items(), key=lambda x:-len(x[1])): print(len(v),k,'\n    ',v[0], file=out)
    print('SLOW',file=out)
    for x in sorted(slow,key=lambda a:-a[0])[:30]: print(x,file=out)
    out.close()
