import { lines, type RecipeNames, variable } from './names.ts'

/** nginx removes a header that is set to an empty value, and drops names with underscores by itself. */
export function nginx({ identity, passesToken }: RecipeNames): string {
  const token = `
        # For apps that are passed a token, and for no other: it takes the client's own Authorization away.
        # auth_request_set $gatehouse_authorization $upstream_http_authorization;
        # proxy_set_header authorization $gatehouse_authorization;`
  return `# nginx, for one app. PROXY=nginx and TRUSTED_PROXIES=<address of nginx> on the gateway. The whole of it, with TLS
# and the gateway's own pages: deploy/nginx.
# WebSockets are judged at their handshake. Nothing else may become a connection that nobody judges.
map $http_upgrade $gatehouse_upgrade {
    default "";
    "~*^websocket$" websocket;
}
map $gatehouse_upgrade $gatehouse_connection {
    default "";
    websocket upgrade;
}

server {
    server_name app.example.com;

    location = /_gatehouse {
        internal;
        proxy_pass http://gatehouse:8080/validate/nginx;
        proxy_connect_timeout 2s;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header X-Original-URI $request_uri;
        proxy_set_header X-Original-Method $request_method;
        # $host is the name by which nginx chose this server. $http_host can be another, of the client's choice.
        proxy_set_header X-Forwarded-Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $remote_addr;
    }

    # auth_request knows 401 and 403 only: what the gateway would have answered is in x-auth-status.
    location @gatehouse_refused {
        add_header Cache-Control no-store always;
        add_header Retry-After $gatehouse_retry_after always;
        if ($gatehouse_status = 302) { return 302 $gatehouse_login_url; }
        if ($gatehouse_status = 303) { return 303 $gatehouse_login_url; }
        if ($gatehouse_status = 400) { return 400; }
        if ($gatehouse_status = 401) { return 401; }
        if ($gatehouse_status = 429) { return 429; }
        if ($gatehouse_status = 503) { return 503; }
        return 403;
    }

    location / {
        auth_request /_gatehouse;
        auth_request_set $gatehouse_status $upstream_http_x_auth_status;
        auth_request_set $gatehouse_login_url $upstream_http_x_login_url;
        auth_request_set $gatehouse_retry_after $upstream_http_retry_after;
        error_page 401 403 = @gatehouse_refused;

        # Each value of the gateway takes the place of what the client sent; an empty one removes it.
${lines(identity, (name) => `        auth_request_set $gatehouse_${variable(name)} $upstream_http_${variable(name)};`)}
${lines(identity, (name) => `        proxy_set_header ${name} $gatehouse_${variable(name)};`)}${passesToken ? token : ''}
        proxy_set_header Host $host;
        proxy_set_header Upgrade $gatehouse_upgrade;
        proxy_set_header Connection $gatehouse_connection;
        proxy_http_version 1.1;
        proxy_pass http://app:8080;
    }
}`
}
